// What the reader has set of a script's parameters and not run yet.
import type { Parameter } from "./model.ts";

export type Edits = ReadonlyMap<string, string>;

export function valueOf(parameter: Parameter, edits: Edits): string {
  return edits.get(parameter.name) ?? parameter.value;
}

/** Those that the run shown does not have. */
export function unrun(parameters: Parameter[], edits: Edits): Map<string, string> {
  const ran = new Map(parameters.map((p) => [p.name, p.value]));
  return new Map([...edits].filter(([name, value]) => ran.get(name) !== value));
}

/** A run that failed before it declared its parameters has the same as the one before. */
export function known(before: Parameter[], run: Parameter[]): Parameter[] {
  return run.length > 0 ? run : before;
}

/** The order to run again; null: the seed is none. Values are as typed on the command line, a seed
 *  has more digits than a number of JavaScript. */
export function restartOrder(parameters: Parameter[], edits: Edits, seed: string): string | null {
  const values = parameters
    .map((p): [string, string] => [p.name, valueOf(p, edits)])
    .filter(([, value], i) => value !== parameters[i]!.default);
  const order = `{"do":"restart","parameters":${JSON.stringify(Object.fromEntries(values))}`;
  const digits = seed.trim();
  if (digits === "") return `${order}}`;
  return /^\d{1,20}$/.test(digits) ? `${order},"seed":${digits.replace(/^0+(?=\d)/, "")}}` : null;
}
