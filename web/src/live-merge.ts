// One picture after the other of the same run: what has not changed stays the same object, so that
// nothing is worked out of it again.
import type { Case, Report } from "./model.ts";

const points = (c: Case): number => c.series.reduce((sum, series) => sum + series.mean.length, 0);

/** A case that is over changes no more, but less of it may be kept once others follow. */
function unchanged(was: Case, is: Case): boolean {
  return (
    was.ended !== "running" &&
    was.ended === is.ended &&
    was.name === is.name &&
    was.digest === is.digest &&
    was.events === is.events &&
    was.connections.length === is.connections.length &&
    was.packets.length === is.packets.length &&
    points(was) === points(is) &&
    JSON.stringify(was.results) === JSON.stringify(is.results)
  );
}

export function merged(was: Report | null, is: Report): Report {
  if (was === null) return is;
  return {
    ...is,
    states: was.states.edges.length === is.states.edges.length ? was.states : is.states,
    cases: is.cases.map((next, index) => {
      const before = was.cases[index];
      return before && unchanged(before, next) ? before : next;
    }),
  };
}
