// Small multiples of a comparison: a series of each case over the shared time axis, one scale a row.
import { area, line } from "d3-shape";
import { scaleLinear } from "d3-scale";
import { brief, measure } from "./format.ts";
import type { Case, Report, Series } from "./model.ts";
import { now, span } from "./store.ts";
import { useTimeArea } from "./time-area.ts";

export interface MiniGroup {
  group: string;
  title: string;
  most: number;
  pick: (c: Case) => Series | undefined;
}

const wanted: [string, string, (series: Series) => boolean][] = [
  ["syn_queue", "SYN queue", () => true],
  ["accept_queue", "accept queue", () => true],
  ["handshakes", "handshakes per second, legitimate", (series) => series.name !== "attack"],
];

const peak = (series: Series): number =>
  series.high.reduce<number>((most, v) => Math.max(most, v ?? 0), 0);

/** Of several listeners, the one whose queue was fullest. */
export function miniGroups(report: Report): MiniGroup[] {
  return wanted.flatMap(([group, title, fits]) => {
    const pick = (c: Case) =>
      c.series.filter((s) => s.group === group && fits(s)).sort((a, b) => peak(b) - peak(a))[0];
    const all = report.cases.flatMap((c) => pick(c) ?? []);
    const most = Math.max(0, ...all.map(peak));
    return most > 0 ? [{ group, title, pick, most }] : [];
  });
}

const [width, height, left] = [240, 64, 34];
const area_ = { left, width: width - left - 4, total: width };

export function MiniSeries({ of, group }: { of: Case; group: MiniGroup }) {
  const time = useTimeArea(area_);
  const series = group.pick(of);
  if (!series) return <span class="none">–</span>;
  const y = scaleLinear([0, group.most * 1.08], [height - 4, 4]);
  const { from, to } = span.value;
  const at = (i: number) => time.x(series.start + i * series.interval);
  const points = series.mean.map((mean, i) => ({
    i,
    mean,
    low: series.low[i] ?? null,
    high: series.high[i] ?? null,
  }));
  const seen = points.filter(({ i }) => {
    const t = series.start + i * series.interval;
    return t >= from - series.interval && t <= to + series.interval;
  });
  const band = area<(typeof seen)[number]>()
    .x((p) => at(p.i))
    .y0((p) => y(p.low ?? 0))
    .y1((p) => y(p.high ?? 0))
    .defined((p) => p.high !== null);
  const curve = line<(typeof seen)[number]>()
    .x((p) => at(p.i))
    .y((p) => y(p.mean ?? 0))
    .defined((p) => p.mean !== null);
  const limit = series.limit !== null && series.limit <= group.most * 1.08 ? series.limit : null;
  const value =
    now.value === null
      ? null
      : (series.mean[Math.floor((now.value - series.start) / series.interval)] ?? null);
  const brush = time.brush.value;
  return (
    <svg
      class="mini timed"
      viewBox={`0 0 ${width} ${height}`}
      role="img"
      aria-label={`${group.title}, at most ${measure(peak(series), series.unit)}`}
      {...time.handlers}
    >
      <clipPath id={`clip-${group.group}`}>
        <rect x={left} y="0" width={area_.width} height={height} />
      </clipPath>
      <text class="tiny" x={left - 4} y="11" text-anchor="end">
        {brief(group.most)}
      </text>
      <text class="tiny" x={left - 4} y={height - 3} text-anchor="end">
        0
      </text>
      <line class="base" x1={left} x2={width - 4} y1={height - 4} y2={height - 4} />
      <g clip-path={`url(#clip-${group.group})`}>
        <path class="band" d={band(seen) ?? ""} />
        <path class="curve" d={curve(seen) ?? ""} />
      </g>
      {limit !== null && (
        <line class="limit" x1={left} x2={width - 4} y1={y(limit)} y2={y(limit)} />
      )}
      {brush && <rect class="brush" x={brush.x} width={brush.width} y="0" height={height} />}
      <line class="now" x1={time.cursor} x2={time.cursor} y1="0" y2={height} />
      {value !== null && (
        <text class="tiny at" x={width - 6} y="11" text-anchor="end">
          {measure(value, series.unit)}
        </text>
      )}
    </svg>
  );
}
