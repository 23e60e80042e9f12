// The ladder of one connection: two lifelines with their states, arrows between them, the process's
// calls in the margins. Lost ones end in a cross, repeated ones are dashed and carry a loop.
import { signal, useSignal } from "@preact/signals";
import { useMemo } from "preact/hooks";
import { family } from "./colours.ts";
import { number } from "./format.ts";
import { type Arrow, type Bar, type Layout, layOut, type Mark } from "./ladder-layout.ts";
import type { Case, Connection, Segment } from "./model.ts";
import { fate, fields, label, sentence } from "./segment-words.ts";
import { now, picked } from "./store.ts";

const width = 920;
const bar = 12;
const left = 236;
const right = width - left;
const relative = signal(true);

/** The same one, of a newer picture of the run. */
const alike = (a: Segment, b: Segment): boolean =>
  a.end === b.end && a.sent === b.sent && a.seq === b.seq && a.flags === b.flags;

const sideX = (end: number): number => (end === 0 ? left : right);

function StateBar({ of }: { of: Bar }) {
  const outer = of.end === 0 ? left - bar : right;
  const anchor = of.end === 0 ? "end" : "start";
  const x = of.end === 0 ? left - bar - 6 : right + bar + 6;
  return (
    <g>
      <rect
        class={`state ${family(of.state)}`}
        x={outer}
        y={of.y}
        width={bar}
        height={Math.max(0, of.height)}
      />
      <text class="state-name" x={x} y={of.y + 4} text-anchor={anchor} aria-hidden="true">
        {of.state}
      </text>
    </g>
  );
}

function Call({ of }: { of: Mark }) {
  const x = of.end === 0 ? left - bar - 6 : right + bar + 6;
  const text = of.text.length > 28 ? `${of.text.slice(0, 27)}…` : of.text;
  return (
    <text class="call" x={x} y={of.y + 4} text-anchor={of.end === 0 ? "end" : "start"}>
      <title>{of.text}</title>
      {text}
    </text>
  );
}

interface EndProps {
  of: Case;
  connection: Connection;
  end: 0 | 1;
  bottom: number;
}

function EndName({ of, connection, end, bottom }: EndProps) {
  const { node, endpoint } = connection.ends[end];
  const name = node === null ? null : (of.nodes[node]?.name ?? null);
  const letters = [...(name ?? endpoint)];
  const x = sideX(end);
  return (
    <g>
      <title>{name ?? endpoint}</title>
      <text class="end-name" x={x} y="16" text-anchor="middle">
        {letters.length > 30 ? `${letters.slice(0, 29).join("")}…` : letters.join("")}
      </text>
      {name !== null && (
        <text class="endpoint" x={x} y="32" text-anchor="middle">
          {endpoint}
        </text>
      )}
      <line class="life" x1={x} x2={x} y1="44" y2={bottom} />
    </g>
  );
}

interface ArrowProps {
  of: Arrow;
  words: string;
  chosen: boolean;
  choose: () => void;
}

function ArrowLine({ of, words, chosen, choose }: ArrowProps) {
  const { segment } = of;
  const begin = segment.end === 2 ? (left + right) / 2 : sideX(segment.end);
  const target = sideX(segment.end === 0 ? 1 : segment.end === 1 ? 0 : 1);
  const lost = segment.seen === null;
  const dropped = segment.drop !== null;
  const x = lost ? begin + (target - begin) * 0.62 : target;
  const [y1, y2] = [of.from, of.to];
  const tilt = (Math.atan2(y2 - y1, Math.abs(x - begin)) * (x < begin ? -180 : 180)) / Math.PI;
  const kind = `${dropped || lost ? "lost" : ""} ${segment.again ? "again" : ""} ${chosen ? "chosen" : ""}`;
  const [cx, cy] = [
    x + (lost ? 0 : Math.sign(begin - target) * 9),
    y2 - (lost ? 0 : (9 * (y2 - y1)) / Math.abs(x - begin || 1)),
  ];
  return (
    <g
      class={`arrow ${kind}`}
      tabindex={0}
      role="button"
      aria-pressed={chosen}
      aria-label={words}
      onClick={choose}
      onFocus={choose}
      onPointerEnter={choose}
      onKeyDown={(event) => {
        if (event.key === "Enter" || event.key === " ") {
          event.preventDefault();
          choose();
        }
      }}
    >
      <line class="reach" x1={begin} y1={y1} x2={x} y2={y2} />
      <line
        class="shaft"
        x1={begin}
        y1={y1}
        x2={x}
        y2={y2}
        marker-end={lost || dropped ? undefined : "url(#tip)"}
      />
      {(lost || dropped) && <path class="cross" d={`M${cx - 6} ${cy - 6}l12 12m0 -12l-12 12`} />}
      {segment.again && (
        <g
          class="loop"
          transform={`translate(${begin + Math.sign(target - begin) * 16} ${y1 + ((y2 - y1) * 16) / Math.abs(target - begin)})`}
        >
          <circle r="7" />
          <text y="4" text-anchor="middle">
            ↻
          </text>
        </g>
      )}
      <text
        class="label"
        transform={`translate(${(begin + x) / 2} ${(y1 + y2) / 2 - 5}) rotate(${tilt})`}
        text-anchor="middle"
      >
        {label(segment, relative.value)}
        <tspan class="why">{fate(segment)}</tspan>
      </text>
    </g>
  );
}

function Drawing({
  of,
  connection,
  layout,
  chosen,
}: {
  of: Case;
  connection: Connection;
  layout: Layout;
  chosen: { value: Segment | null };
}) {
  return (
    <svg
      class="ladder"
      viewBox={`0 0 ${width} ${layout.height}`}
      role="group"
      aria-label={`Sequence diagram of connection ${connection.id}`}
    >
      {([0, 1] as const).map((end) => (
        <EndName key={end} of={of} connection={connection} end={end} bottom={layout.height - 12} />
      ))}
      {layout.breaks.map((cut, i) => (
        <g key={i} class="break">
          <line x1={left} x2={right} y1={cut.y} y2={cut.y} />
          <text x={width / 2} y={cut.y + 4} text-anchor="middle">
            {cut.text}
          </text>
        </g>
      ))}
      {layout.bars.map((b, i) => (
        <StateBar key={i} of={b} />
      ))}
      {layout.calls.map((call, i) => (
        <Call key={i} of={call} />
      ))}
      {layout.ticks.map((tick, i) => (
        <text key={i} class="tick" x="2" y={tick.y + 4}>
          {tick.time.toFixed(6)}
        </text>
      ))}
      {layout.arrows.map((arrow) => (
        <ArrowLine
          key={arrow.index}
          of={arrow}
          words={sentence(of, connection, arrow.segment, relative.value)}
          chosen={chosen.value === arrow.segment}
          choose={() => {
            chosen.value = arrow.segment;
            now.value = arrow.segment.sent;
          }}
        />
      ))}
    </svg>
  );
}

export function Ladder({ of, connection }: { of: Case; connection: Connection }) {
  const layout = useMemo(() => layOut(connection), [connection]);
  const chosen = useSignal<Segment | null>(connection.segments[0] ?? null);
  if (chosen.value && !connection.segments.includes(chosen.value))
    chosen.value = connection.segments.find((one) => alike(one, chosen.value!)) ?? null;
  const missing = connection.segments_total - connection.segments.length;
  return (
    <article
      class="ladder-box"
      id="ladder"
      tabindex={-1}
      aria-label={`Ladder of connection ${connection.id}`}
    >
      <header>
        <h3>
          Connection {connection.id}:{" "}
          <span class={`outcome ${connection.outcome.replaceAll(" ", "-")}`}>
            {connection.outcome}
          </span>
        </h3>
        <label>
          <input
            type="checkbox"
            checked={relative.value}
            onChange={(event) => (relative.value = event.currentTarget.checked)}
          />{" "}
          relative numbers
        </label>
        <button type="button" onClick={() => (picked.value = null)}>
          close
        </button>
      </header>
      {missing > 0 && (
        <p class="note">
          Of {number(connection.segments_total)} segments the first and the last are listed;{" "}
          {number(missing)} between them are left out.
        </p>
      )}
      <div class="ladder-columns">
        <div class="scroll" tabindex={0} role="region" aria-label="Ladder">
          <Drawing of={of} connection={connection} layout={layout} chosen={chosen} />
        </div>
        <aside class="fields" aria-live="polite" aria-label="Header fields">
          {chosen.value ? (
            <dl>
              {fields(of, connection, chosen.value).map(([name, value]) => (
                <div key={name} class={name === "dropped" ? "bad" : ""}>
                  <dt>{name}</dt>
                  <dd>{value}</dd>
                </div>
              ))}
            </dl>
          ) : (
            <p>Point at a segment to see its header.</p>
          )}
          <p class="key">
            <span class="cross">×</span> dropped or lost · <span class="loop-key">↻</span> sent
            again (dashed)
          </p>
        </aside>
      </div>
    </article>
  );
}
