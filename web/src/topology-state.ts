// What the network does at an instant: loads, fills, drops and packets, looked up by binary search.
import { indexAt } from "./chart-data.ts";
import type { Case, Packet, Series } from "./model.ts";

export interface Moment {
  load: (link: number, direction: number) => number | null;
  queue: (link: number, direction: number) => number | null;
  fill: (node: number) => number | null;
  drops: Map<number, number>; // by node, just now
  linkDrops: Map<number, number>;
  packets: { packet: Packet; share: number }[];
}

const at = (series: Series | undefined, time: number): number | null =>
  series ? (series.mean[indexAt(series, time)] ?? null) : null;

export const packetsMax = 400;
const nearly = 0.97; // of its way: that it takes longer than the link's delay is known, not how long

/** How long a packet is on its link; one that does not arrive: the link's delay. */
export function crossing(c: Case, [sent, arrives, link, direction]: Packet): number {
  return arrives === null
    ? (c.links[link]?.directions[direction === 1 ? 1 : 0].delay ?? 0)
    : arrives - sent;
}

export function momentsOf(c: Case): (time: number) => Moment {
  const links = new Map<string, Series>();
  const hosts = new Map<number, Series>();
  for (const series of c.series) {
    if (series.link !== null && (series.group === "link_load" || series.group === "link_queue"))
      links.set(`${series.group} ${series.link} ${series.direction ?? 0}`, series);
    if (series.group === "host_queue" && series.node !== null) hosts.set(series.node, series);
  }
  const underWay = (p: Packet) => p[1] === null && p[5] === 0;
  const longest = c.packets.reduce(
    (most, p) => Math.max(most, underWay(p) ? c.simulated_seconds - p[0] : crossing(c, p)),
    0,
  );

  const packetsAt = (time: number): Moment["packets"] => {
    let [low, high] = [0, c.packets.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (c.packets[middle]![0] <= time) low = middle + 1;
      else high = middle;
    }
    const found: Moment["packets"] = [];
    for (let i = low - 1; i >= 0 && found.length < packetsMax; i--) {
      const packet = c.packets[i]!;
      if (packet[0] < time - longest - 1e-9) break;
      const share = (time - packet[0]) / crossing(c, packet);
      if (share < 1) found.push({ packet, share });
      else if (underWay(packet)) found.push({ packet, share: nearly });
    }
    return found;
  };

  return (time) => {
    const drops = new Map<number, number>();
    const linkDrops = new Map<number, number>();
    for (const d of c.drops) {
      const n = d.counts[Math.floor((time - d.start) / d.interval)] ?? 0;
      if (n === 0) continue;
      if (d.link !== null) linkDrops.set(d.link, (linkDrops.get(d.link) ?? 0) + n);
      else if (d.node !== null) drops.set(d.node, (drops.get(d.node) ?? 0) + n);
    }
    return {
      load: (link, direction) => at(links.get(`link_load ${link} ${direction}`), time),
      queue: (link, direction) => at(links.get(`link_queue ${link} ${direction}`), time),
      fill: (node) => at(hosts.get(node), time),
      drops,
      linkDrops,
      packets: packetsAt(time),
    };
  };
}
