// A segment in words: the label of its arrow, and every header field.
import { duration, number } from "./format.ts";
import type { Case, Connection, Segment } from "./model.ts";

const names: Record<string, string> = {
  S: "SYN",
  F: "FIN",
  R: "RST",
  P: "PSH",
  ".": "ACK",
  U: "URG",
  E: "ECE",
  C: "CWR",
  W: "CWR",
};

/** "S." as "SYN ACK". */
export function flagNames(flags: string): string {
  return [...flags].map((flag) => names[flag] ?? flag).join(" ") || "no flags";
}

const seqOf = (s: Segment, relative: boolean): number => (relative ? (s.rel_seq ?? s.seq) : s.seq);
const ackOf = (s: Segment, relative: boolean): number => (relative ? (s.rel_ack ?? s.ack) : s.ack);

export function label(s: Segment, relative: boolean): string {
  if (s.flags === "" && s.note !== "") return s.note;
  const seq = seqOf(s, relative);
  const parts = [flagNames(s.flags.replace("P", "") || s.flags)];
  if (s.length > 0 || /[SFR]/.test(s.flags))
    parts.push(`seq ${seq}${s.length > 0 ? `:${seq + s.length}` : ""}`);
  if (s.flags.includes(".")) parts.push(`ack ${ackOf(s, relative)}`);
  if (s.length > 0) parts.push(`len ${s.length}`);
  return parts.join(" ");
}

export function fields(c: Case, connection: Connection, s: Segment): [string, string][] {
  const end = (index: number) => {
    const ends = connection.ends[index as 0 | 1];
    if (!ends) return "a node between them";
    const name = ends.node === null ? undefined : c.nodes[ends.node]?.name;
    return name === undefined ? ends.endpoint : `${name} (${ends.endpoint})`;
  };
  const rows: [string, string][] = [
    ["from", end(s.end)],
    ["sent", `${s.sent.toFixed(6)} s`],
    [
      "seen",
      s.seen === null
        ? "never: lost, or on its way at the end"
        : `${s.seen.toFixed(6)} s, after ${duration(s.seen - s.sent)}`,
    ],
    ["flags", `${flagNames(s.flags)} [${s.flags}]`],
    ["seq", `${s.seq}${s.rel_seq === null ? "" : ` (relative ${s.rel_seq})`}`],
    [
      "ack",
      s.flags.includes(".")
        ? `${s.ack}${s.rel_ack === null ? "" : ` (relative ${s.rel_ack})`}`
        : "–",
    ],
    ["length", number(s.length)],
    ["window", number(s.window)],
    ["options", s.options || "none"],
  ];
  if (s.again) rows.push(["again", "a retransmission"]);
  if (s.note) rows.push(["note", s.note]);
  if (s.drop) {
    const where = s.drop.node === null ? "" : ` at ${c.nodes[s.drop.node]?.name ?? "?"}`;
    rows.push(["dropped", `${s.drop.reason}${where}. ${s.drop.words}`]);
  }
  return rows;
}

/** The whole of it in a sentence, for those who hear the page. */
export function sentence(c: Case, connection: Connection, s: Segment, relative: boolean): string {
  const all = fields(c, connection, s).map(([name, value]) => `${name} ${value}`);
  return [label(s, relative) + fate(s), ...all].join("; ");
}

/** What an arrow says of a segment that did not get through. */
export function fate(s: Segment): string {
  if (s.drop) return ` × ${s.drop.reason}`;
  return s.seen === null ? " × not seen" : "";
}
