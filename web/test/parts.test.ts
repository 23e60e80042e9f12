// The parts of the page that need no browser.
import assert from "node:assert/strict";
import { test } from "node:test";
import { align, stack, type Track, valueAt } from "../src/chart-data.ts";
import { filtered, rowsOf, sorted } from "../src/connection-rows.ts";
import { brief, duration, instant, measure, number, percent } from "../src/format.ts";
import { layOut } from "../src/ladder-layout.ts";
import { highlight } from "../src/lua.ts";
import { type Packet, parse } from "../src/model.ts";
import { latencies, numeric } from "../src/results.ts";
import { label } from "../src/segment-words.ts";
import { changesOf, standing } from "../src/state-play.ts";
import { layOut as placed, sides } from "../src/topology-layout.ts";
import { momentsOf } from "../src/topology-state.ts";
import { fixture, hostile } from "./fixture.ts";

const report = fixture();
const flood = report.cases[1]!;

test("the fixture is the same each time", () => {
  assert.equal(JSON.stringify(fixture()), JSON.stringify(report));
});

test("numbers are short and have their units", () => {
  assert.equal(number(1234567), "1,234,567");
  assert.equal(number(0.123456), "0.1235");
  assert.equal(number(null), "–");
  assert.equal(brief(12345), "12.3k");
  assert.equal(brief(1000), "1000");
  assert.equal(duration(0.0123), "12.3 ms");
  assert.equal(duration(2.5e-7), "250 ns");
  assert.equal(duration(90), "90 s");
  assert.equal(percent(0.5), "50 %");
  assert.equal(percent(0.0123), "1.2 %");
  assert.equal(measure(3, "1/s"), "3 /s");
  assert.equal(measure(null, "packets"), "–");
  assert.equal(instant(1.23456789, 0.001), "1.234568 s");
});

test("data that is not a report is refused", () => {
  assert.throws(() => parse("<!--netsim-data-->"), /holds no data/);
  assert.throws(() => parse('{"format":"other"}'), /not the data/);
  assert.throws(() => parse('{"format":"netsim-report","version":2}'), /version 2/);
  assert.equal(parse(JSON.stringify(report)).run.seed, 1);
});

const track = (mean: (number | null)[], start = 0, interval = 1): Track => ({
  label: "",
  style: 0,
  start,
  interval,
  low: mean,
  high: mean,
  mean,
  limit: null,
});

test("series with different times are merged, stacked ones summed", () => {
  assert.deepEqual(align([track([1, 2]), track([3], 5)])[0], [0, 1, 5]);
  assert.deepEqual(stack([track([1, null, 2]), track([10, 20, 30])]), [
    [0, 1, 2],
    [1, 0, 2],
    [11, 20, 32],
  ]);
  assert.equal(valueAt(track([7, 8, 9], 10, 0.1), 10.1), 8);
  assert.equal(valueAt(track([7]), 3), null);
});

test("connections are filtered by words, outcome, state and edge, and sorted", () => {
  const rows = rowsOf(flood);
  const all = { text: "", outcome: "", state: "", edges: null };
  assert.equal(filtered(rows, all).length, 120);
  assert.deepEqual(
    filtered(rows, { ...all, text: "40007 <SCRIPT" }).map((row) => row.connection.id),
    [7],
  );
  const late = filtered(rows, { ...all, outcome: "timed out" });
  assert.ok(late.length > 0 && late.every((row) => row.drops > 0));
  assert.equal(filtered(rows, { ...all, state: "TIME-WAIT" }).length, 120 - late.length);
  const timeout = late[0]!.connection.states.at(-1)![4];
  assert.equal(filtered(rows, { ...all, edges: [timeout] }).length, late.length);
  const longest = sorted(rows, "length", true);
  assert.ok(
    longest.every(
      (row, i) => i === 0 || row.end - row.start <= longest[i - 1]!.end - longest[i - 1]!.start,
    ),
  );
  assert.equal(sorted(rows, "id", true)[0]!.connection.id, 120);
});

test("a ladder runs downwards, and cuts silences", () => {
  for (const connection of flood.connections) {
    const layout = layOut(connection);
    assert.equal(layout.arrows.length, connection.segments.length);
    for (const arrow of layout.arrows) {
      assert.ok(arrow.to > arrow.from, "an arrow points down");
      assert.ok(arrow.to < layout.height);
    }
    const order = [...layout.arrows].sort((a, b) => a.segment.sent - b.segment.sent);
    assert.ok(order.every((arrow, i) => i === 0 || arrow.from >= order[i - 1]!.from));
    for (const bar of layout.bars) assert.ok(bar.height >= 0);
  }
  const late = flood.connections.find((connection) => connection.outcome === "timed out")!;
  assert.ok(
    layOut({ ...late, states: [], calls: [] }).height < 400,
    "seconds of silence take no room",
  );
});

test("a ladder is cut where segments are left out, not where one is under way", () => {
  const long = { ...flood.connections[0]!, segments_total: 1000, segments_first: 4 };
  assert.deepEqual(
    layOut(long).breaks.map((cut) => cut.text),
    ["990 segments left out"],
  );
  const slow = long.segments
    .slice(0, 1)
    .map((segment) => ({ ...segment, seen: segment.sent + 30 }));
  const layout = layOut({ ...long, segments: slow, segments_total: 1, states: [], calls: [] });
  assert.deepEqual(layout.breaks, []);
});

test("a segment's label has relative or absolute numbers", () => {
  const segment = flood.connections[0]!.segments[1]!;
  assert.equal(label(segment, true), "SYN ACK seq 0 ack 1");
  assert.equal(label(segment, false), "SYN ACK seq 900000 ack 1001");
});

test("highlighted Lua is the script's text, line by line", () => {
  const text = report.source.text;
  const lines = highlight(text).map((words) => words.map((word) => word.text).join(""));
  assert.equal(lines.join("\n"), text);
  const kinds = new Set(highlight(text).flatMap((words) => words.map((word) => word.kind)));
  for (const kind of ["hljs-comment", "hljs-keyword", "hljs-string", "hljs-number"])
    assert.ok(kinds.has(kind), kind);
});

test("results are found by dotted keys, and only their own", () => {
  assert.equal(numeric({ drops: { full: 3 } }, "drops.full"), 3);
  assert.equal(numeric({ drops: { full: 3 } }, "drops.none"), null);
  assert.equal(numeric({}, "constructor.length"), null);
});

test("latencies count every connect once", () => {
  const { counts, never } = latencies(flood);
  assert.equal(counts.reduce((a, b) => a + b, 0) + never, 120);
  assert.equal(
    never,
    flood.connections.filter((connection) => connection.outcome === "timed out").length,
  );
});

test("latencies are of all connects where they were counted, not of those listed", () => {
  const connects = { bounds: [0.001, 0.002], counts: [5, 1000], failed: 3, waiting: 4 };
  assert.deepEqual(latencies({ ...flood, connects }), {
    bounds: [0.001, 0.002],
    counts: [5, 1000],
    never: 7,
  });
});

test("states at an instant add up, and a token is on its edge for its flight only", () => {
  const changes = changesOf(flood);
  const end = standing(changes, 1e9, 0);
  assert.equal(
    [...end.counts.values()].reduce((a, b) => a + b, 0),
    0,
  );
  assert.equal(end.tokens.length, 0);
  const first = changes[0]!;
  const { tokens } = standing(changes, first.time + 0.001, 0.004);
  assert.ok(tokens.length === 1 && Math.abs(tokens[0]!.share - 0.25) < 1e-6);
});

test("packets under way are those between sent and seen", () => {
  const moments = momentsOf(flood);
  for (const packet of flood.packets.slice(0, 50)) {
    const middle = packet[0] + 0.0025;
    assert.ok(moments(middle).packets.some((found) => found.packet === packet));
  }
  assert.equal(moments(0).packets.length, 0);
  assert.ok(moments(10).drops.get(0)! > 0);
  assert.equal(moments(1).drops.size, 0);
});

test("a packet that does not arrive is seen: a lost one for a crossing, one under way until the end", () => {
  const packets: Packet[] = [
    [1, null, 0, 0, "S", 1],
    [2, null, 0, 0, "S", 0],
    [3, 3.004, 0, 0, "S", 0],
  ];
  const moments = momentsOf({ ...flood, packets });
  const at = (time: number) => moments(time).packets.map(({ packet, share }) => [packet[0], share]);
  assert.ok(Math.abs((at(1.0025)[0]?.[1] ?? 0) - 0.5) < 1e-6);
  assert.deepEqual(at(1.006), []);
  assert.ok(Math.abs((at(2.0025)[0]?.[1] ?? 0) - 0.5) < 1e-6);
  assert.deepEqual(at(30), [[2, 0.97]]);
  const slow: Packet[] = [
    [0.001, null, 0, 0, "S", 0],
    [0.03, null, 0, 0, "S", 0],
  ];
  const newest = momentsOf({ ...flood, packets: slow, simulated_seconds: 0.0300096 });
  assert.equal(newest(0.0300096).packets.length, 2, "also the oldest of all");
});

test("nodes lie within the figure, whatever their positions", () => {
  for (const nodes of [
    flood.nodes,
    flood.nodes.slice(0, 1),
    flood.nodes.map((node) => ({ ...node, geographic: true })),
  ]) {
    const layout = placed({ ...flood, nodes });
    for (const [x, y] of layout.nodes)
      assert.ok(x > 0 && x < layout.width && y > 0 && y < layout.height);
  }
  const [out, back] = sides(placed(flood), flood.links[0]!);
  assert.notDeepEqual(out.from, back.to);
});

test("hostile names are in the fixture", () => {
  for (const name of hostile) assert.ok(flood.nodes.some((node) => node.name === name));
});
