// Nodes and links at the instant: a link as thick and dark as its load, a host filled as its fullest
// queue, crosses where packets are dropped, and, of small runs, the packets under way.
import { useMemo } from "preact/hooks";
import { brief, isolated, percent } from "./format.ts";
import type { Case, Link } from "./model.ts";
import { at } from "./store.ts";
import { between, layOut, type Layout, type Side, sides } from "./topology-layout.ts";
import { PacketDot } from "./topology-packet.tsx";
import { type Moment, momentsOf } from "./topology-state.ts";

const manyLinks = 16;
const someNodes = 12;
const manyNodes = 40;

const step = (share: number): number => Math.min(4, Math.max(0, Math.floor(share * 5)));
const waiting = (packets: number): string =>
  packets >= 0.5 ? ` · ${brief(Math.round(packets))} waiting` : "";

interface WayProps {
  side: Side;
  load: number | null;
  queue: number;
  title: string;
  words: boolean;
}

function Way({ side, load, queue, title, words }: WayProps) {
  const [x, y] = between(side, 0.38, 13);
  const anchor = Math.abs(side.out[0]) < 0.3 ? "middle" : side.out[0] > 0 ? "start" : "end";
  return (
    <g>
      <line
        class={`way load-${load === null ? "none" : step(load)}`}
        x1={side.from[0]}
        y1={side.from[1]}
        x2={side.to[0]}
        y2={side.to[1]}
        stroke-width={1.5 + 5 * Math.min(1, load ?? 0)}
      >
        <title>{title}</title>
      </line>
      {words && load !== null && (load >= 0.005 || queue >= 1) && (
        <text class="load-words" x={x} y={y + 4} text-anchor={anchor}>
          {percent(load)}
          {waiting(queue)}
        </text>
      )}
    </g>
  );
}

function Dropped({ at: [x, y], words }: { at: [number, number]; words: string }) {
  return (
    <g class="dropped" transform={`translate(${x} ${y})`}>
      <path d="M-6 -6L6 6M6 -6L-6 6" />
      <text x="12" y="5">
        {words}
      </text>
    </g>
  );
}

interface Props {
  of: Case;
  layout: Layout;
  moment: Moment;
}

function LinkLines({ of, layout, moment, link, index }: Props & { link: Link; index: number }) {
  const drops = moment.linkDrops.get(index) ?? 0;
  const both = sides(layout, link);
  const name = (node: number) => isolated(of.nodes[node]?.name ?? "?");
  return (
    <g>
      {both.map((side, direction) => {
        const load = moment.load(index, direction);
        const queue = moment.queue(index, direction) ?? 0;
        const way =
          direction === 0
            ? `${name(link.a)} → ${name(link.b)}`
            : `${name(link.b)} → ${name(link.a)}`;
        const title = `${way}: ${load === null ? "load not recorded" : `${percent(load)} of its rate`}${waiting(queue)}`;
        return (
          <Way
            key={direction}
            side={side}
            load={load}
            queue={queue}
            title={title}
            words={of.links.length <= manyLinks}
          />
        );
      })}
      {drops > 0 && <Dropped at={between(both[0], 0.5, -4)} words={`${brief(drops)} dropped`} />}
    </g>
  );
}

function sizeOf(of: Case): { small: boolean; crowded: boolean; r: number } {
  const small = of.nodes.length > manyNodes;
  const crowded = of.nodes.length > someNodes;
  return { small, crowded, r: small ? 8 : crowded ? 13 : 22 };
}

/** Above all nodes, so that none hides a name. */
function NodeName({ of, layout, index }: Omit<Props, "moment"> & { index: number }) {
  const { crowded, r } = sizeOf(of);
  const { name, address } = of.nodes[index]!;
  const [x, y] = layout.nodes[index]!;
  const letters = [...name];
  return (
    <g class={`node ${crowded ? "crowded" : ""}`} transform={`translate(${x} ${y})`}>
      <text class="name" y={r + (crowded ? 13 : 18)} text-anchor="middle">
        {letters.length > 22 ? `${letters.slice(0, 21).join("")}…` : name}
      </text>
      {!crowded && (
        <text class="address" y={r + 33} text-anchor="middle">
          {address}
        </text>
      )}
    </g>
  );
}

function NodeFigure({ of, layout, moment, index }: Props & { index: number }) {
  const node = of.nodes[index]!;
  const [x, y] = layout.nodes[index]!;
  const fill = moment.fill(index);
  const drops = moment.drops.get(index) ?? 0;
  const { small, crowded, r } = sizeOf(of);
  const share = Math.min(1, Math.max(0, fill ?? 0));
  const host = node.kind === "host";
  return (
    <g
      class={`node ${host ? "host" : "router"} ${crowded ? "crowded" : ""}`}
      transform={`translate(${x} ${y})`}
    >
      <title>{`${node.name} ${node.address}${fill === null ? "" : `, fullest queue ${percent(fill)}`}`}</title>
      {host ? (
        <rect class="body" x={-r} y={-r} width={2 * r} height={2 * r} rx="4" />
      ) : (
        <circle class="body" r={r * 0.9} />
      )}
      {host && fill !== null && (
        <rect
          class={`level load-${step(share)}`}
          x={-r + 2}
          y={r - 2 - share * (2 * r - 4)}
          width={2 * r - 4}
          height={share * (2 * r - 4)}
        />
      )}
      {!host && !crowded && <path class="turn" d="M-9 -4H7M3 -8L8 -4L3 0M9 5H-7M-3 1L-8 5L-3 9" />}
      {!small && (
        <>
          {host && fill !== null && (
            <text class="fill-words" y="5" text-anchor="middle">
              {percent(fill)}
            </text>
          )}
        </>
      )}
      {drops > 0 && <Dropped at={[-36, -r - 13]} words={`${brief(drops)} dropped`} />}
    </g>
  );
}

export function TopologyFigure({ of }: { of: Case }) {
  const moments = useMemo(() => momentsOf(of), [of]);
  const layout = useMemo(() => layOut(of), [of]);
  const moment = moments(at.value);
  const all = { of, layout, moment };
  return (
    <svg
      class="topology"
      viewBox={`0 0 ${layout.width} ${layout.height}`}
      role="img"
      aria-label={`Network of ${of.nodes.length} nodes and ${of.links.length} links`}
    >
      {of.links.map((link, i) => (
        <LinkLines key={i} {...all} link={link} index={i} />
      ))}
      {of.nodes.map((_, i) => (
        <NodeFigure key={i} {...all} index={i} />
      ))}
      {!sizeOf(of).small &&
        of.nodes.map((_, i) => <NodeName key={i} of={of} layout={layout} index={i} />)}
      {moment.packets.map(({ packet, share }, i) => {
        const link = of.links[packet[2]];
        return (
          link && <PacketDot key={i} layout={layout} link={link} packet={packet} share={share} />
        );
      })}
    </svg>
  );
}
