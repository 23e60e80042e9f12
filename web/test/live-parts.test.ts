// The parts of the live page that need no browser.
import assert from "node:assert/strict";
import { test } from "node:test";
import { merged } from "../src/live-merge.ts";
import {
  asks,
  clock,
  liveScript,
  type LiveState,
  readState,
  speeds,
  speedStep,
  speedWords,
} from "../src/live-state.ts";
import type { Parameter } from "../src/model.ts";
import { scaleOf, split, written } from "../src/parameter-scale.ts";
import { known, restartOrder, unrun } from "../src/parameter-values.ts";
import { fixture } from "./fixture.ts";
import { midst, parameters } from "./live-server.ts";

const scale = (type: string, text: string) => scaleOf({ type, default: text })!;

test("only data that say so are a live page", () => {
  assert.equal(liveScript(`{"format":"netsim-live","version":1,"script":"x.lua"}`), "x.lua");
  assert.equal(liveScript(JSON.stringify(fixture())), null);
  assert.equal(liveScript("<!--netsim-data-->"), null);
  assert.throws(() => liveScript(`{"format":"netsim-live","version":2}`), /version 1/);
});

test("a state that is none is passed over, what it lacks has a value", () => {
  for (const data of ["", "7", "null", "{}", `{"state":"flying"}`, `["running"]`])
    assert.equal(readState(data), null, data);
  const state = readState(`{"state":"running","revision":7,"cases":["a",2],"now":"x"}`)!;
  assert.deepEqual([state.revision, state.cases, state.now], [7, ["a", ""], 0]);
  assert.deepEqual([state.end, state.speed, state.packet], [null, null, ""]);
});

test("a newer picture is fetched, another run forgets what was open", () => {
  const state = (run: number, revision: number) =>
    readState(JSON.stringify({ state: "running", run, revision }))!;
  assert.deepEqual(asks(null, state(1, 0), 0), { forget: false, fetch: false });
  assert.deepEqual(asks(null, state(3, 4), 0), { forget: false, fetch: true });
  assert.deepEqual(asks(state(3, 4), state(3, 4), 4), { forget: false, fetch: false });
  assert.deepEqual(asks(state(3, 4), state(3, 9), 4), { forget: false, fetch: true });
  assert.deepEqual(asks(state(3, 4), state(4, 4), 4), { forget: true, fetch: false });
});

test("speeds have steps and words", () => {
  assert.deepEqual([speeds[0], speeds.at(-1), speeds.length], [0.001, 1000, 19]);
  speeds.forEach((speed, i) => assert.equal(speedStep(speed), i));
  assert.equal(speeds[speedStep(0.11)], 0.1);
  assert.equal(speeds[speedStep(1e9)], 1000);
  assert.equal(speedWords(0.1), "1/10 of real time");
  assert.equal(speedWords(0.005), "1/200 of real time");
  assert.equal(speedWords(0.3), "0.3 × real time");
  assert.equal(speedWords(1), "as in real time");
  assert.equal(speedWords(50), "50 × real time");
  assert.equal(speedWords(null), "as fast as it can");
});

test("the clock has the digits that one can read", () => {
  const at = (more: Partial<LiveState>) =>
    clock({ ...readState(`{"state":"running"}`)!, now: 12.3456789, end: 30, ...more });
  assert.equal(at({ speed: 1 }), "12.3 s of 30 s");
  assert.equal(at({ speed: 0.001 }), "12.3457 s of 30 s");
  assert.equal(at({ speed: null, end: null }), "12.3 s");
  assert.equal(at({ state: "paused" }), "12.345679 s of 30 s");
});

test("what did not change between two pictures is the same object", () => {
  const [was, is] = [midst(1, 5), midst(1, 6)];
  const both = merged(was, is);
  assert.equal(both.cases[0], was.cases[0]);
  assert.equal(both.states, was.states);
  assert.equal(both.cases[1], is.cases[1]);
  const thinner = midst(1, 6);
  thinner.cases[0]!.connections.length = 60;
  assert.equal(merged(was, thinner).cases[0], thinner.cases[0]);
  assert.equal(merged(null, is), is);
});

test("quantities are read and written with their units", () => {
  assert.deepEqual(split(" 100 ms "), { number: 100, unit: "ms" });
  assert.deepEqual(split("-1.5e3"), { number: -1500, unit: "" });
  assert.deepEqual(split("5/MIN"), { number: 5, unit: "/min" });
  for (const text of ["", "ms", "hello", "1 2", "0x10", "1s 2s"]) assert.equal(split(text), null);
  assert.equal(written("duration", { number: 1500, unit: "ms" }), "1.5s");
  assert.equal(written("duration", { number: 0.02, unit: "s" }), "20ms");
  assert.equal(written("rate", { number: 1000, unit: "mbit" }), "1gbit");
  assert.equal(written("frequency", { number: 0.2, unit: "kpps" }), "200pps");
  assert.equal(written("frequency", { number: 7000, unit: "/s" }), "7k/s");
  assert.equal(written("duration", { number: 300, unit: "s" }), "300s");
  assert.equal(written("size", { number: 5000, unit: "kb" }), "5000kb");
  assert.equal(written("number", { number: 0.0000015, unit: "" }), "0.0000015");
  assert.equal(written("number", { number: 0.1 + 0.2, unit: "" }), "0.3");
});

test("a slider goes from 0 and a hundredth to a hundred times the default, in steps", () => {
  const { texts } = scale("duration", "100ms");
  assert.deepEqual(texts.slice(0, 5), ["0ms", "1ms", "1.5ms", "2ms", "3ms"]);
  assert.equal(texts.at(-1), "10s");
  assert.ok(texts.includes("100ms") && texts.includes("700ms") && texts.includes("1.5s"));
  const whole = scale("integer", "128").texts;
  assert.deepEqual(whole.slice(0, 4), ["0", "2", "3", "5"]);
  assert.ok(whole.includes("128") && whole.at(-1) === "10000");
  assert.ok(whole.every((text) => /^\d+$/.test(text)));
  assert.deepEqual(scale("integer", "1").texts.slice(0, 5), ["0", "1", "2", "3", "5"]);
  assert.equal(scale("integer", "0").texts.at(-1), "1000");
  const none = scale("duration", "0s").texts;
  assert.deepEqual([none[0], none[1], none.at(-1)], ["0s", "10ms", "100s"]);
  const share = scale("probability", "25%").texts;
  assert.deepEqual([share[0], share.at(-1)], ["0%", "100%"]);
  assert.ok(share.includes("25%") && share.includes("1%") && share.includes("0.1%"));
  assert.equal(scale("packets", "1000p").texts.at(-1), "100000p");
  assert.deepEqual(scale("number", "-2").texts.at(-1), "0");
  assert.equal(scaleOf({ type: "text", default: "100ms" }), null);
  assert.equal(scaleOf({ default: "100ms" }), null, "older data do not say the type");
  assert.equal(scaleOf({ type: "constructor", default: "1" }), null);
  assert.equal(scaleOf({ type: "duration", default: "soon" }), null);
});

test("each step of a slider finds itself again, other values the nearest", () => {
  for (const [type, text] of [
    ["integer", "128"],
    ["integer", "0"],
    ["number", "1.5"],
    ["number", "-3"],
    ["duration", "100ms"],
    ["duration", "0s"],
    ["duration", "10min"],
    ["rate", "10mbit"],
    ["rate", "5mbps"],
    ["frequency", "20kpps"],
    ["frequency", "60/min"],
    ["size", "1mb"],
    ["packets", "1000p"],
    ["probability", "0%"],
  ] as const) {
    const { texts, place } = scale(type, text);
    texts.forEach((step, i) => assert.equal(place(step), i, `${type} ${step}`));
    assert.ok(texts.includes(text));
    assert.equal(place("nonsense"), null);
  }
  const { texts, place } = scale("duration", "100ms");
  assert.equal(texts[place("1s")!], "1s");
  assert.equal(texts[place("0.19s")!], "200ms");
  assert.equal(texts[place("1h")!], "10s");
  assert.equal(texts[place("0")!], "0ms");
  assert.equal(place("100 parsecs"), null);
});

test("an order to run again names what differs from the defaults, as typed", () => {
  const some: Parameter[] = parameters.map((p) =>
    p.name === "delay" ? { ...p, value: "50ms" } : p,
  );
  const order = (edits: [string, string][], seed = "") => restartOrder(some, new Map(edits), seed);
  assert.deepEqual(JSON.parse(order([])!), { do: "restart", parameters: { delay: "50ms" } });
  assert.deepEqual(
    JSON.parse(
      order([
        ["delay", "100ms"],
        ["backlog", "64"],
        ["city", `"x"`],
        ["nobody", "1"],
      ])!,
    ),
    { do: "restart", parameters: { backlog: "64", city: `"x"` } },
  );
  assert.match(order([], " 007 ")!, /,"seed":7}$/);
  assert.match(order([], "18446744073709551615")!, /,"seed":18446744073709551615}$/);
  for (const seed of ["x", "-1", "1.5", "1e3"]) assert.equal(order([], seed), null, seed);
});

test("what a run has is no longer an edit; a run that failed early keeps the form", () => {
  const edits = new Map([
    ["backlog", "128"],
    ["delay", "1s"],
  ]);
  assert.deepEqual([...unrun(parameters, edits)], [["delay", "1s"]]);
  assert.equal(known(parameters, []), parameters);
  assert.notEqual(known(parameters, parameters.slice(1)), parameters);
});
