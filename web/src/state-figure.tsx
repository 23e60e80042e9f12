// TCP's state diagram, placed as the program places it: arrows as thick as they were taken often,
// tokens on those that connections take at the instant.
import { computed } from "@preact/signals";
import { useMemo } from "preact/hooks";
import { family } from "./colours.ts";
import { brief, number } from "./format.ts";
import type { Case, Spot, StateArrow, States } from "./model.ts";
import { changesOf, standing } from "./state-play.ts";
import { secondsPerWindow } from "./play.ts";
import { at as instant, edgeFilter, span } from "./store.ts";

const [cell, line] = [11.5, 12.5];
const margin = 14;
const tip = 11; // length of an arrow's head
const at = ([x, y]: Spot): [number, number] => [margin + x * cell, margin + y * line];

/** Half a cell further, from `near` away from `far`: ways end in the cell beside a box. */
function onward(
  near: [number, number],
  far: [number, number],
  by: (horizontal: boolean) => number,
): [number, number] {
  const [dx, dy] = [near[0] - far[0], near[1] - far[1]];
  const length = Math.hypot(dx, dy) || 1;
  const step = by(Math.abs(dx) > Math.abs(dy));
  return [near[0] + (dx / length) * step, near[1] + (dy / length) * step];
}

const half = (horizontal: boolean): number => (horizontal ? cell : line) / 2;

/** In pixels, from box to box; `tip` is left free at the end for the arrow's head. */
function points(way: Spot[], tip = 0): [number, number][] {
  const all = way.map(at);
  const [first, second] = [all[0]!, all[1]!];
  const [last, before] = [all.at(-1)!, all.at(-2)!];
  const begin = onward(first, second, half);
  const end = onward(last, before, (horizontal) => half(horizontal) - tip);
  return [begin, ...all.slice(1, -1), end];
}

const path = (way: Spot[], tip: number): string =>
  points(way, tip)
    .map(([x, y], i) => `${i === 0 ? "M" : "L"}${x} ${y}`)
    .join("");

/** The point at a share of a way. */
function along(way: Spot[], share: number): [number, number] {
  const spots = points(way);
  const lengths = spots.slice(1).map(([x, y], i) => Math.hypot(x - spots[i]![0], y - spots[i]![1]));
  let left = lengths.reduce((a, b) => a + b, 0) * share;
  for (const [i, length] of lengths.entries()) {
    if (left <= length || i === lengths.length - 1) {
      const part = length > 0 ? Math.min(1, left / length) : 0;
      const [a, b] = [spots[i]!, spots[i + 1]!];
      return [a[0] + (b[0] - a[0]) * part, a[1] + (b[1] - a[1]) * part];
    }
    left -= length;
  }
  return spots[0]!;
}

interface ArrowProps {
  of: StateArrow;
  states: States;
  taken: Map<number, number>;
  most: number;
}

function Arrow({ of, states, taken, most }: ArrowProps) {
  const total = of.edges.reduce((sum, edge) => sum + (taken.get(edge) ?? 0), 0);
  const causes = of.edges.map((edge) => {
    const times = taken.get(edge) ?? 0;
    return { edge, cause: states.edges[edge]?.cause ?? "?", count: times > 0 ? brief(times) : "" };
  });
  const words = causes.map(({ cause, count }) => `${cause} ${count}`.trim()).join(" ");
  const chosen =
    edgeFilter.value !== null && of.edges.some((edge) => edgeFilter.value!.includes(edge));
  const [x, y] = at(of.label);
  const pick = () => (edgeFilter.value = chosen ? null : of.edges);
  return (
    <g
      class={`edge ${total > 0 ? "taken" : ""} ${chosen ? "chosen" : ""}`}
      tabindex={0}
      role="button"
      aria-pressed={chosen}
      aria-label={`${words}: ${of.from} to ${of.to}, taken ${number(total)} times`}
      onClick={pick}
      onKeyDown={(event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        pick();
      }}
    >
      <path class="reach" d={path(of.way, 0)} />
      <path
        class="shaft"
        d={path(of.way, tip)}
        marker-end="url(#tip-large)"
        stroke-width={total > 0 ? 1.2 + 3.6 * (Math.log1p(total) / Math.log1p(most)) : 1}
      />
      <text x={x} y={y + 4} text-anchor={of.label_ends ? "end" : "start"}>
        {causes.map(({ edge, cause, count }, i) => (
          <tspan key={edge} x={x} dy={i === 0 ? 0 : 14} class={count ? "cause taken" : "cause"}>
            {cause} {count && <tspan class="count">{count}</tspan>}{" "}
          </tspan>
        ))}
      </text>
    </g>
  );
}

function Tokens({ of, states }: { of: Case; states: States }) {
  const changes = useMemo(() => changesOf(of), [of]);
  const ways = useMemo(
    () =>
      new Map(
        states.arrows.flatMap((arrow) => arrow.edges.map((edge) => [edge, arrow.way] as const)),
      ),
    [states],
  );
  const state = useMemo(
    () =>
      computed(() => {
        const { from, to } = span.value;
        const flight = ((to - from) / secondsPerWindow.value) * 0.7;
        return standing(changes, instant.value, flight);
      }),
    [changes],
  );
  const { counts, tokens } = state.value;
  return (
    <g aria-hidden="true">
      {tokens.map((token, i) => {
        const way = ways.get(token.edge);
        if (!way) return null;
        const [x, y] = along(way, token.share);
        return <circle key={i} class="token" cx={x} cy={y} r="5" />;
      })}
      {states.boxes.map((box, i) => {
        const here = counts.get(box.state) ?? 0;
        if (here <= 0 || box.state === "CLOSED" || box.state === "LISTEN") return null;
        const [x, y] = at([box.x + states.box.half_width, box.y]);
        return (
          <g key={i} class="here">
            <rect x={x - 16} y={y - 9} width="32" height="18" rx="9" />
            <text x={x} y={y + 4} text-anchor="middle">
              {brief(here)}
            </text>
          </g>
        );
      })}
    </g>
  );
}

function Box({ state, x, y, states }: { state: string; x: number; y: number; states: States }) {
  const { half_width, height } = states.box;
  const [left, top] = at([x - half_width - 0.5, y - 0.5]);
  const [middle] = at([x, y]);
  return (
    <g class="box">
      <rect
        class={`state ${family(state)}`}
        x={left}
        y={top}
        width={(2 * half_width + 1) * cell}
        height={height * line}
        rx="5"
      />
      <text x={middle} y={top + (height * line) / 2 + 5} text-anchor="middle">
        {state}
      </text>
    </g>
  );
}

export function StateFigure({ of, states }: { of: Case; states: States }) {
  const taken = new Map(of.transitions);
  const most = Math.max(1, ...of.transitions.map(([, n]) => n));
  const width = states.columns * cell + 2 * margin;
  const height = states.lines * line + 2 * margin;
  return (
    <svg
      class="state-figure"
      viewBox={`0 0 ${width} ${height}`}
      role="group"
      aria-label="TCP's states and the edges this case took"
    >
      {states.arrows.map((arrow, i) => (
        <Arrow key={i} of={arrow} states={states} taken={taken} most={most} />
      ))}
      {states.boxes.map((box, i) => (
        <Box key={i} state={box.state} x={box.x} y={box.y} states={states} />
      ))}
      <Tokens of={of} states={states} />
    </svg>
  );
}
