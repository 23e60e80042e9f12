// The report's data, as docs/report-format.md says.

export interface Parameter {
  name: string;
  value: string;
  default: string;
  help: string;
  /** What it measures; older data do not say. */
  type?: string;
}

export interface Run {
  script: string;
  command: string;
  seed: number;
  digest: string;
  simulated_seconds: number;
  events: number;
  handshakes: number;
  interrupted: boolean;
  failure: { message: string; place: string | null } | null;
  parameters: Parameter[];
  settings: string[];
}

export interface Expectation {
  place: string;
  line: number | null;
  message: string;
  ok: boolean;
}

export interface CompareRow {
  key: string;
  label: string;
}

export interface StateBox {
  state: string;
  x: number;
  y: number;
}

export type Spot = [number, number];

export interface StateArrow {
  from: string;
  to: string;
  way: Spot[];
  label: Spot;
  label_ends: boolean;
  edges: number[];
}

export interface StateEdge {
  from: string;
  to: string;
  cause: string;
}

export interface States {
  boxes: StateBox[];
  box: { half_width: number; height: number };
  columns: number;
  lines: number;
  arrows: StateArrow[];
  edges: StateEdge[];
}

export interface Node {
  name: string;
  kind: string;
  address: string;
  x: number;
  y: number;
  geographic: boolean;
}

export interface Direction {
  rate: number | null;
  delay: number;
  sent: number;
  octets: number;
  dropped: number;
}

export interface Link {
  name: string;
  a: number;
  b: number;
  directions: [Direction, Direction];
}

export interface Series {
  name: string;
  group: string;
  node: number | null;
  link: number | null;
  direction: number | null;
  port: number | null;
  unit: string;
  limit: number | null;
  start: number;
  interval: number;
  low: (number | null)[];
  high: (number | null)[];
  mean: (number | null)[];
}

export interface Drops {
  node: number | null;
  link: number | null;
  reason: string;
  count: number;
  start: number;
  interval: number;
  counts: number[];
}

export interface Segment {
  end: number;
  sent: number;
  seen: number | null;
  flags: string;
  seq: number;
  ack: number;
  length: number;
  window: number;
  rel_seq: number | null;
  rel_ack: number | null;
  options: string;
  again: boolean;
  drop: { reason: string; words: string; node: number | null } | null;
  note: string;
}

/** [end, time, from, to, edge or -1] */
export type StateChange = [number, number, string, string, number];
/** [end, time, text] */
export type Call = [number, number, string];
/** [sent, arrives, link, direction, flags, 0 | 1: lost]; arrives: null, it is lost or on its way */
export type Packet = [number, number | null, number, number, string, number];

export interface Connection {
  id: number;
  ends: [End, End];
  outcome: string;
  states: StateChange[];
  calls: Call[];
  segments: Segment[];
  segments_total: number;
  segments_first?: number;
}

export interface End {
  node: number | null;
  endpoint: string;
}

export interface Case {
  name: string;
  seed: number;
  digest: string;
  simulated_seconds: number;
  events: number;
  handshakes: number;
  ended: string;
  results: unknown;
  nodes: Node[];
  nodes_total: number;
  links: Link[];
  series: Series[];
  drops: Drops[];
  transitions: [number, number][];
  counters: { node: number; values: [string, number][] }[];
  connections: Connection[];
  connections_total: number;
  half_open_from: number;
  /** How long every connect took; bins below `bounds`, the last with all above. Older data have none. */
  connects?: { bounds: number[]; counts: number[]; failed: number; waiting: number };
  packets: Packet[];
}

export interface Report {
  format: string;
  version: number;
  run: Run;
  source: { name: string; text: string };
  expectations: Expectation[];
  compare: { title: string; rows: CompareRow[] } | null;
  thinned: string[];
  states: States;
  words: { counters: Record<string, string>; drops: Record<string, string> };
  cases: Case[];
}

/** What the element holds, or why it can't be shown. */
export function parse(text: string): Report {
  const trimmed = text.trim();
  if (!trimmed.startsWith("{"))
    throw new Error(
      "This page holds no data: netsim run SCRIPT --report FILE makes one that does.",
    );
  const report = JSON.parse(trimmed) as Report;
  if (report.format !== "netsim-report")
    throw new Error("This is not the data of a netsim report.");
  if (report.version !== 1)
    throw new Error(`This page reads version 1 of the data; this is version ${report.version}.`);
  return report;
}
