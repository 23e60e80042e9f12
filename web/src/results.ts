// What the scenarios returned, looked up by the dotted keys of a comparison.
import type { Case, CompareRow, Report } from "./model.ts";

export function lookup(results: unknown, key: string): unknown {
  let value = results;
  for (const part of key.split(".")) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, part))
      return undefined;
    value = (value as Record<string, unknown>)[part];
  }
  return value;
}

export function numeric(results: unknown, key: string): number | null {
  const value = lookup(results, key);
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

/** Keys of all numbers in a result, those of tables in it joined by dots. */
function keys(results: unknown, prefix = ""): string[] {
  if (typeof results !== "object" || results === null) return [];
  return Object.entries(results).flatMap(([name, value]) => {
    const key = prefix + name;
    if (key === "predicted") return [];
    return typeof value === "number" ? [key] : keys(value, `${key}.`);
  });
}

/** The rows a script asked for, or every number its scenarios returned. */
export function rowsOf(report: Report): CompareRow[] {
  if (report.compare && report.compare.rows.length > 0) return report.compare.rows;
  const all = new Set(report.cases.flatMap((c) => keys(c.results)));
  return [...all].map((key) => ({ key, label: key }));
}

/** How long connects took: their shares in bins that double. */
export interface Latencies {
  bounds: number[];
  counts: number[];
  never: number;
}

/** Of all there were; of the connections listed, where older data do not count them. */
export function latencies(c: Case): Latencies {
  if (c.connects) {
    const { bounds, counts, failed, waiting } = c.connects;
    return { bounds, counts, never: failed + waiting };
  }
  const bounds = Array.from({ length: 18 }, (_, i) => 1e-4 * 2 ** i);
  const counts = bounds.map(() => 0);
  let never = 0;
  for (const connection of c.connections) {
    const begun = connection.states.find((s) => s[0] === 0 && s[3] === "SYN-SENT");
    if (!begun) continue;
    const done = connection.states.find((s) => s[0] === 0 && s[3] === "ESTABLISHED");
    if (!done) {
      never += 1;
      continue;
    }
    const bin = bounds.findIndex((bound) => done[1] - begun[1] < bound);
    const at = bin < 0 ? counts.length - 1 : bin;
    counts[at] = (counts[at] ?? 0) + 1;
  }
  return { bounds, counts, never };
}
