// A packet under way. Its shape says what it does: a triangle opens, a square closes, a diamond
// resets, a circle carries the rest; a lost one is hollow and ends in a cross.
import type { Packet } from "./model.ts";
import { between, type Layout, sides } from "./topology-layout.ts";
import type { Link } from "./model.ts";

export const shapes = {
  opens: { path: "M0 -7L7 6H-7z", words: "SYN" },
  carries: { path: "M0 -5a5 5 0 1 0 .01 0z", words: "ACK or data" },
  closes: { path: "M-5 -5H5V5H-5z", words: "FIN" },
  resets: { path: "M0 -7L7 0L0 7L-7 0z", words: "RST" },
} as const;

function kindOf(flags: string): keyof typeof shapes {
  if (flags.includes("R")) return "resets";
  if (flags.includes("S")) return "opens";
  return flags.includes("F") ? "closes" : "carries";
}

const lostAt = 0.6;

export function PacketDot({
  layout,
  link,
  packet,
  share,
}: {
  layout: Layout;
  link: Link;
  packet: Packet;
  share: number;
}) {
  const lost = packet[5] === 1;
  const side = sides(layout, link)[packet[3] === 1 ? 1 : 0];
  const [x, y] = between(side, lost ? Math.min(share, lostAt) : share);
  const kind = kindOf(packet[4]);
  return (
    <g
      transform={`translate(${x.toFixed(1)} ${y.toFixed(1)})`}
      class={`packet ${kind} ${lost ? "lost" : ""}`}
    >
      <path d={shapes[kind].path} />
      {lost && share > lostAt && <path class="cross" d="M-8 -8L8 8M8 -8L-8 8" />}
    </g>
  );
}
