// Time series: what belongs together in one chart, in the order in which a flood is told.
import { computed } from "@preact/signals";
import type { Track } from "./chart-data.ts";
import { Chart } from "./chart.tsx";
import { isolated } from "./format.ts";
import type { Case, Drops, Series } from "./model.ts";
import { Section } from "./section.tsx";
import { current } from "./store.ts";

interface Group {
  key: string;
  title: string;
  unit: string;
  tracks: Track[];
  stacked: boolean;
  left_out: number;
}

const tracksMax = 6;

const titles: Record<string, string> = {
  syns: "SYNs per second",
  syn_queue: "SYN queue",
  accept_queue: "accept queue",
  handshakes: "handshakes per second",
  cookies: "SYN cookies per second",
  link_load: "link utilisation",
  link_queue: "link queue",
  host_queue: "fullest queue of a host",
};
const order = [
  "syn_queue",
  "accept_queue",
  "handshakes",
  "syns",
  "cookies",
  "drops",
  "link_load",
  "link_queue",
  "host_queue",
  "recorded",
];

function label(c: Case, series: Series): string {
  const name = (node: number | undefined) =>
    isolated(node === undefined ? "?" : (c.nodes[node]?.name ?? "?"));
  if (series.link !== null) {
    const link = c.links[series.link];
    const [from, to] = series.direction === 1 ? [link?.b, link?.a] : [link?.a, link?.b];
    return `${name(from)} → ${name(to)}`;
  }
  if (series.group === "syns") return series.name.replace(/^SYNs /, "");
  if (series.node === null) return isolated(series.name);
  if (series.port !== null) return `${name(series.node)}:${series.port}`;
  return series.group === "host_queue" ? name(series.node) : isolated(series.name);
}

const busy = (series: Series): number =>
  series.mean.reduce<number>((sum, value) => sum + (value ?? 0), 0);

/** Charts of the series that measure one thing; of many, the busiest. */
function groupsOf(c: Case): Group[] {
  const together = new Map<string, Series[]>();
  for (const series of c.series) {
    const key =
      series.group === "recorded" ? `recorded ${series.name} ${series.node}` : series.group;
    together.set(key, [...(together.get(key) ?? []), series]);
  }
  const groups = [...together].map(([key, all]): Group => {
    const first = all[0]!;
    const most =
      all.length > tracksMax ? [...all].sort((a, b) => busy(b) - busy(a)).slice(0, tracksMax) : all;
    return {
      key,
      title: titles[first.group] ?? `${first.name} (recorded)`,
      unit: first.unit,
      stacked: false,
      left_out: all.length - most.length,
      tracks: most.map((series, style) => ({ ...series, label: label(c, series), style })),
    };
  });
  if (c.drops.length > 0) groups.push(dropsOf(c));
  const place = (group: Group) => {
    const at = order.indexOf(group.key.split(" ")[0]!);
    return at < 0 ? order.length : at; // a group this page does not know is drawn all the same
  };
  return groups.sort((a, b) => place(a) - place(b));
}

/** Drops by reason, places added up, per second. */
function dropsOf(c: Case): Group {
  const reasons = new Map<string, Drops[]>();
  for (const drops of c.drops)
    reasons.set(drops.reason, [...(reasons.get(drops.reason) ?? []), drops]);
  const total = (all: Drops[]) => all.reduce((sum, drops) => sum + drops.count, 0);
  const sorted = [...reasons].sort((a, b) => total(b[1]) - total(a[1]));
  const tracks = sorted.slice(0, tracksMax).map(([reason, all], style): Track => {
    const { start, interval } = all[0]!;
    const sums = new Array<number>(Math.max(...all.map((drops) => drops.counts.length))).fill(0);
    for (const drops of all) drops.counts.forEach((n, i) => (sums[i] = (sums[i] ?? 0) + n));
    // Counts end with the last drop; after it there were none.
    while (start + sums.length * interval < c.simulated_seconds) sums.push(0);
    const rate = sums.map((n) => n / interval);
    return {
      label: reason,
      style,
      start,
      interval,
      low: rate,
      high: rate,
      mean: rate,
      limit: null,
    };
  });
  return {
    key: "drops",
    title: "drops per second, by reason",
    unit: "1/s",
    tracks,
    stacked: true,
    left_out: sorted.length - tracks.length,
  };
}

const still = (group: Group): boolean =>
  group.tracks.every((track) => track.high.every((value) => !value));

const groups = computed(() => (current.value ? groupsOf(current.value) : []));

export function SeriesSection() {
  const moving = groups.value.filter((group) => !still(group));
  const zero = groups.value.filter(still);
  return (
    <Section
      id="series"
      title="Time series"
      hint="Drag to zoom, double click to see all; ← → move the instant, + − zoom, 0 resets."
    >
      {groups.value.length === 0 && <p class="empty">This case recorded no series.</p>}
      <div class="charts">
        {moving.map((group) => (
          <div key={group.key}>
            <Chart
              title={group.title}
              unit={group.unit}
              tracks={group.tracks}
              stacked={group.stacked}
            />
            {group.left_out > 0 && (
              <p class="soft">
                The busiest {group.tracks.length} are drawn; {group.left_out} more are not.
              </p>
            )}
          </div>
        ))}
      </div>
      {zero.length > 0 && (
        <p class="soft">Nothing happened of: {zero.map((group) => group.title).join(", ")}.</p>
      )}
    </Section>
  );
}
