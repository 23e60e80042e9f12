// Small multiples of a comparison: how connect latencies spread, and drops by reason.
import { lineColour } from "./colours.ts";
import { duration, number, percent } from "./format.ts";
import type { Case } from "./model.ts";
import type { Latencies } from "./results.ts";

const [width, height, foot] = [240, 74, 16];

export function LatencyBars({ spread, all }: { spread: Latencies; all: Latencies[] }) {
  const used = spread.bounds.map((_, i) => all.some((s) => (s.counts[i] ?? 0) > 0));
  const first = Math.max(0, used.indexOf(true));
  const last = Math.max(first, used.lastIndexOf(true));
  const bins = last - first + 1;
  const total = spread.never + spread.counts.reduce((a, b) => a + b, 0);
  const share = (n: number) => (total > 0 ? n / total : 0);
  const slot = (width - 44) / bins;
  const bar = (n: number, x: number, w: number, kind: string, words: string) => {
    const tall = share(n) * (height - foot - 10);
    return (
      <g key={x}>
        <title>{words}</title>
        <rect
          class={kind}
          x={x}
          y={height - foot - tall}
          width={w}
          height={Math.max(tall, n > 0 ? 1 : 0)}
        />
        {n > 0 && (
          <text
            class="tiny"
            x={Math.max(14, x + w / 2)}
            y={height - foot - tall - 2}
            text-anchor="middle"
          >
            {percent(share(n))}
          </text>
        )}
      </g>
    );
  };
  const lower = (i: number) => (i === 0 ? 0 : (spread.bounds[i - 1] ?? 0));
  const words = spread.counts
    .flatMap((n, i) =>
      n > 0 ? [`${percent(share(n))} under ${duration(spread.bounds[i] ?? 0)}`] : [],
    )
    .concat(spread.never > 0 ? [`${percent(share(spread.never))} never`] : [])
    .join(", ");
  return (
    <svg
      class="mini"
      viewBox={`0 0 ${width} ${height}`}
      role="img"
      aria-label={words || "no connects"}
    >
      <line class="base" x1="0" x2={width} y1={height - foot} y2={height - foot} />
      {Array.from({ length: bins }, (_, k) => k + first).map((i) =>
        bar(
          spread.counts[i] ?? 0,
          (i - first) * slot + 1,
          slot - 2,
          "fill",
          `${duration(lower(i))} to ${duration(spread.bounds[i] ?? 0)}: ${percent(share(spread.counts[i] ?? 0))}`,
        ),
      )}
      {bar(spread.never, width - 34, 28, "never", `never: ${percent(share(spread.never))}`)}
      <text class="tiny" x="1" y={height - 4}>
        {duration(lower(first))}
      </text>
      <text class="tiny" x={width - 48} y={height - 4} text-anchor="end">
        {duration(spread.bounds[last] ?? 0)}
      </text>
      <text class="tiny" x={width - 20} y={height - 4} text-anchor="middle">
        never
      </text>
    </svg>
  );
}

function byReason(c: Case): Map<string, number> {
  const sums = new Map<string, number>();
  for (const drops of c.drops) sums.set(drops.reason, (sums.get(drops.reason) ?? 0) + drops.count);
  return sums;
}

export function DropBars({ of, all }: { of: Case; all: Case[] }) {
  const totals = new Map<string, number>();
  let most = 1;
  for (const c of all)
    for (const [reason, n] of byReason(c)) {
      totals.set(reason, (totals.get(reason) ?? 0) + n);
      most = Math.max(most, n);
    }
  const reasons = [...totals].sort((a, b) => b[1] - a[1]).slice(0, 5);
  const mine = byReason(of);
  return (
    <ul class="drop-bars">
      {reasons.map(([reason], i) => {
        const n = mine.get(reason) ?? 0;
        return (
          <li key={reason}>
            <span class="reason">{reason}</span>
            <output>{number(n)}</output>
            <svg viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
              <rect class="rail" width="100" height="6" />
              <rect class={`fill ink-${lineColour(i)}`} width={(n / most) * 100} height="6" />
            </svg>
          </li>
        );
      })}
      {totals.size > 5 && <li class="more">and {totals.size - 5} rarer reasons</li>}
    </ul>
  );
}
