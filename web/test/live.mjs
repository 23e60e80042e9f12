// node test/live.mjs: a made-up run that goes on, served as netsim view would, to be looked at.
import { readFile } from "node:fs/promises";
import { bundled } from "./bundled.mjs";

const { LiveServer, midst } = await bundled("live-server.ts");
const page = await readFile(new URL("../../src/report/page.html", import.meta.url), "utf8");
const server = await LiveServer.start(page);
console.log(server.url);

const tick = 0.25; // seconds
let [index, time] = [0, 0];
const values = {};
setInterval(() => {
  const { state, speed, run } = server.state;
  let next = { state, speed, run, packet: "" };
  let step = state === "running" ? tick * (speed ?? 20) : 0;
  for (const order of server.orders.splice(0)) {
    if (order.do === "pause") next.state = "paused";
    if (order.do === "resume") next.state = "running";
    if (order.do === "speed") next.speed = order.speed;
    if (order.do === "step") {
      next = { ...next, state: "paused", packet: "IP 10.0.0.2.40007 > 10.0.0.1.80: Flags [S]" };
      step = 0.001;
    }
    if (order.do === "restart") {
      next = { ...next, state: "running", run: next.run + 1 };
      for (const name of Object.keys(values)) delete values[name];
      Object.assign(values, order.parameters);
      [index, time] = [0, 0];
    }
  }
  if (next.state === "waiting") next.state = "running";
  time += step;
  if (time >= 30) [index, time] = [index + 1, 0];
  if (index > 2) next.state = "over";
  server.show(midst(index, time, values), next);
}, tick * 1000);
