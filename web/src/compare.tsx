// Compare: one column per case, one row per thing measured, one scale along each row.
import type { ComponentChildren } from "preact";
import { DropBars, LatencyBars } from "./compare-bars.tsx";
import { MiniSeries, miniGroups } from "./compare-series.tsx";
import { number, percent } from "./format.ts";
import type { CompareRow, Report } from "./model.ts";
import { latencies, numeric, rowsOf } from "./results.ts";
import { Section } from "./section.tsx";
import { caseIndex, pickCase } from "./store.ts";

function Value({
  value,
  predicted,
  most,
  share,
}: {
  value: number | null;
  predicted: number | null;
  most: number;
  share: boolean;
}) {
  if (value === null) return <span class="none">–</span>;
  const width = (v: number) => Math.max(0, Math.min(100, (v / most) * 100));
  const shown = share ? percent(value) : number(value);
  return (
    <div class="measured">
      <output>{shown}</output>
      <svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
        <rect class="rail" width="100" height="10" />
        <rect class="fill" width={width(value)} height="10" />
        {predicted !== null && (
          <rect
            class="predicted"
            x={Math.min(99, width(predicted))}
            y="0"
            width="1.2"
            height="10"
          />
        )}
      </svg>
      {predicted !== null && (predicted !== 0 || value !== 0) && (
        <small>model {share ? percent(predicted) : number(predicted)}</small>
      )}
    </div>
  );
}

function Row({ row, report }: { row: CompareRow; report: Report }) {
  const values = report.cases.map((c) => numeric(c.results, row.key));
  const predicted = report.cases.map((c) => numeric(c.results, `predicted.${row.key}`));
  const share =
    /share|success|ratio/i.test(row.label + row.key) &&
    values.every((v) => v === null || (v >= 0 && v <= 1));
  const most = share
    ? 1
    : Math.max(1e-12, ...values.map((v) => v ?? 0), ...predicted.map((v) => v ?? 0));
  return (
    <tr>
      <th scope="row">{row.label}</th>
      {values.map((value, i) => (
        <td key={i} class={i === caseIndex.value ? "current" : ""}>
          <Value value={value} predicted={predicted[i] ?? null} most={most} share={share} />
        </td>
      ))}
    </tr>
  );
}

function Wide({
  title,
  note,
  cells,
}: {
  title: string;
  note?: string;
  cells: ComponentChildren[];
}) {
  return (
    <tr class="pictures">
      <th scope="row">
        {title}
        {note && <small>{note}</small>}
      </th>
      {cells.map((cell, i) => (
        <td key={i} class={i === caseIndex.value ? "current" : ""}>
          {cell}
        </td>
      ))}
    </tr>
  );
}

export function CompareSection({ report }: { report: Report }) {
  const { cases } = report;
  const rows = rowsOf(report);
  const spreads = cases.map(latencies);
  const listed = spreads.some((s) => s.never + s.counts.reduce((a, b) => a + b, 0) > 0);
  const drops = cases.some((c) => c.drops.length > 0);
  const partly = cases.some((c) => !c.connects && c.connections_total > c.connections.length);
  return (
    <Section
      id="compare"
      title={
        report.compare
          ? `Compare: ${report.compare.title}`
          : cases.length > 1
            ? "Compare"
            : "Results"
      }
      hint="Each row has one scale for all cases. Click a case's name to look into it below."
    >
      <div class="scroll" tabIndex={0} role="region" aria-label="Cases compared">
        <table class="compare">
          <thead>
            <tr>
              <th scope="col" />
              {cases.map((c, i) => (
                <th scope="col" key={i} class={i === caseIndex.value ? "current" : ""}>
                  <button
                    type="button"
                    aria-pressed={i === caseIndex.value}
                    onClick={() => pickCase(i)}
                  >
                    <bdi>{c.name}</bdi>
                  </button>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {miniGroups(report).map((group) => (
              <Wide
                key={group.group}
                title={group.title}
                cells={cases.map((c) => (
                  <MiniSeries key={c.name} of={c} group={group} />
                ))}
              />
            ))}
            {listed && (
              <Wide
                title="connect latency"
                note={partly ? "of the connections listed" : "share of connects"}
                cells={spreads.map((spread, i) => (
                  <LatencyBars key={i} spread={spread} all={spreads} />
                ))}
              />
            )}
            {drops && (
              <Wide
                title="drops by reason"
                cells={cases.map((c, i) => (
                  <DropBars key={i} of={c} all={cases} />
                ))}
              />
            )}
            {rows.map((row) => (
              <Row key={row.key} row={row} report={report} />
            ))}
          </tbody>
        </table>
      </div>
    </Section>
  );
}
