// Where nodes and links are drawn: the data's positions, stretched to the room there is. Those of a
// map keep their proportions.
import type { Case, Link } from "./model.ts";

export type Point = [number, number];

export interface Layout {
  width: number;
  height: number;
  nodes: Point[];
}

const width = 1000;
const margin = { x: 120, top: 50, bottom: 70 };

export function layOut(c: Case): Layout {
  const xs = c.nodes.map((node) => node.x);
  const ys = c.nodes.map((node) => node.y);
  const [x0, x1, y0, y1] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const room = width - 2 * margin.x;
  const geographic = c.nodes.some((node) => node.geographic);
  const tall =
    y1 - y0 < 1e-9
      ? 60
      : geographic && x1 > x0
        ? Math.min(620, Math.max(160, (room * (y1 - y0)) / (x1 - x0)))
        : c.nodes.length > 12
          ? 420
          : 280;
  const wide = geographic && y1 > y0 ? Math.min(room, (tall * (x1 - x0)) / (y1 - y0)) : room;
  const share = (value: number, low: number, high: number) =>
    high - low < 1e-9 ? 0.5 : (value - low) / (high - low);
  return {
    width,
    height: tall + margin.top + margin.bottom,
    nodes: c.nodes.map((node) => [
      width / 2 + (share(node.x, x0, x1) - 0.5) * wide,
      margin.top + share(node.y, y0, y1) * tall,
    ]),
  };
}

export interface Side {
  from: Point;
  to: Point;
  out: Point; // away from the other direction, one pixel
}

/** Both directions of a link side by side, each to the right of who travels it. */
export function sides(layout: Layout, link: Link): [Side, Side] {
  const a: Point = layout.nodes[link.a] ?? [0, 0];
  const b: Point = layout.nodes[link.b] ?? [0, 0];
  const length = Math.hypot(b[0] - a[0], b[1] - a[1]) || 1;
  const out: Point = [-(b[1] - a[1]) / length, (b[0] - a[0]) / length];
  const moved = (p: Point, by: number): Point => [p[0] + out[0] * by, p[1] + out[1] * by];
  return [
    { from: moved(a, 4), to: moved(b, 4), out },
    { from: moved(b, -4), to: moved(a, -4), out: [-out[0], -out[1]] },
  ];
}

export function between(side: Side, share: number, away = 0): Point {
  return [
    side.from[0] + (side.to[0] - side.from[0]) * share + side.out[0] * away,
    side.from[1] + (side.to[1] - side.from[1]) * share + side.out[1] * away,
  ];
}
