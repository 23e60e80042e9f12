// Where the listed connections stand at an instant, and which are just on an edge.
import type { Case } from "./model.ts";

interface Change {
  time: number;
  from: string;
  to: string;
  edge: number;
}

export interface Token {
  edge: number;
  share: number; // of the way along it
}

export interface Standing {
  counts: Map<string, number>;
  tokens: Token[];
}

const tokensMax = 200;

export function changesOf(c: Case): Change[] {
  return c.connections
    .flatMap((connection) =>
      connection.states.map(([, time, from, to, edge]) => ({ time, from, to, edge })),
    )
    .sort((a, b) => a.time - b.time);
}

/** `flight`: how long, in simulated seconds, a token takes along its edge. */
export function standing(changes: Change[], time: number, flight: number): Standing {
  const counts = new Map<string, number>();
  const tokens: Token[] = [];
  for (const change of changes) {
    if (change.time > time) break;
    counts.set(change.from, (counts.get(change.from) ?? 0) - 1);
    counts.set(change.to, (counts.get(change.to) ?? 0) + 1);
    const share = flight > 0 ? (time - change.time) / flight : 1;
    if (share < 1 && change.edge >= 0 && tokens.length < tokensMax)
      tokens.push({ edge: change.edge, share });
  }
  return { counts, tokens };
}
