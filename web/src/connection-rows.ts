// Connections as rows of a table: what is shown of each, sorted and filtered.
import type { Case, Connection } from "./model.ts";

export interface Row {
  connection: Connection;
  client: string;
  server: string;
  start: number;
  end: number;
  segments: number;
  again: number;
  drops: number;
  states: ReadonlySet<string>;
  edges: ReadonlySet<number>;
  text: string;
}

export type Column =
  "id" | "client" | "server" | "outcome" | "start" | "length" | "segments" | "again" | "drops";

export interface Filter {
  text: string;
  outcome: string;
  state: string;
  edges: number[] | null;
}

/** "name (10.0.0.1:80)": a peer that is no node has an endpoint only. */
export function endName(c: Case, connection: Connection, end: 0 | 1): string {
  const { node, endpoint } = connection.ends[end];
  const name = node === null ? undefined : c.nodes[node]?.name;
  return name === undefined ? endpoint : `${name} ${endpoint}`;
}

export function rowsOf(c: Case): Row[] {
  return c.connections.map((connection) => {
    const client = endName(c, connection, 0);
    const server = endName(c, connection, 1);
    let [start, end, again, drops] = [Infinity, 0, 0, 0];
    for (const segment of connection.segments) {
      start = Math.min(start, segment.sent);
      end = Math.max(end, segment.seen ?? segment.sent);
      if (segment.again) again += 1;
      if (segment.drop) drops += 1;
    }
    for (const [, time] of connection.states) {
      start = Math.min(start, time);
      end = Math.max(end, time);
    }
    return {
      connection,
      client,
      server,
      start: Number.isFinite(start) ? start : 0,
      end,
      again,
      drops,
      segments: connection.segments_total,
      states: new Set(connection.states.flatMap(([, , from, to]) => [from, to])),
      edges: new Set(connection.states.map((change) => change[4])),
      text: `${client} ${server} ${connection.outcome}`.toLowerCase(),
    };
  });
}

export function filtered(rows: Row[], filter: Filter): Row[] {
  const words = filter.text.toLowerCase().split(/\s+/).filter(Boolean);
  return rows.filter(
    (row) =>
      words.every((word) => row.text.includes(word)) &&
      (filter.outcome === "" || row.connection.outcome === filter.outcome) &&
      (filter.state === "" || row.states.has(filter.state)) &&
      (filter.edges === null || filter.edges.some((edge) => row.edges.has(edge))),
  );
}

const keys: Record<Column, (row: Row) => number | string> = {
  id: (row) => row.connection.id,
  client: (row) => row.client,
  server: (row) => row.server,
  outcome: (row) => row.connection.outcome,
  start: (row) => row.start,
  length: (row) => row.end - row.start,
  segments: (row) => row.segments,
  again: (row) => row.again,
  drops: (row) => row.drops,
};

export function sorted(rows: Row[], column: Column, descending: boolean): Row[] {
  const key = keys[column];
  const names = new Intl.Collator("en", { numeric: true });
  const order = (a: Row, b: Row): number => {
    const [x, y] = [key(a), key(b)];
    const way =
      typeof x === "number" && typeof y === "number" ? x - y : names.compare(String(x), String(y));
    return (descending ? -way : way) || a.connection.id - b.connection.id;
  };
  return [...rows].sort(order);
}
