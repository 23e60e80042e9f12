// netsim view as tests want it: serves the page and a made-up run, notes what the page asks.
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { LiveState } from "../src/live-state.ts";
import type { Case, Parameter, Report } from "../src/model.ts";
import { fixture, hostile } from "./fixture.ts";

const root = "/0123456789abcdef/";

export const parameters: Parameter[] = [
  ["backlog", "128", "integer", "listen(2) backlog of <b>the web server</b>"],
  ["highest", "1.5", "number", "the highest load, in capacities"],
  ["delay", "100ms", "duration", "one-way delay of the link"],
  ["flood", "20kpps", "frequency", hostile[0]!],
  ["rate", "10mbit", "rate", ""],
  ["loss", "0%", "probability", "share of packets that the link loses"],
  ["cookies", "false", "boolean", "SYN cookies"],
  ["city", `New York "<&>"`, "text", "where the server stands"],
].map(([name, value, type, help]) => ({
  name: name!,
  value: value!,
  default: value!,
  type: type!,
  help: help!,
}));

/** A case as it was at an instant. */
function cut(c: Case, time: number): Case {
  const connections = c.connections
    .map((connection) => ({
      ...connection,
      outcome: "open",
      segments: connection.segments.filter((segment) => segment.sent <= time),
      states: connection.states.filter((change) => change[1] <= time),
      calls: connection.calls.filter((call) => call[1] <= time),
    }))
    .filter((connection) => connection.segments.length > 0)
    .map((connection) => ({ ...connection, segments_total: connection.segments.length }));
  return {
    ...c,
    simulated_seconds: time,
    ended: "running",
    results: {},
    series: c.series.map((series) => {
      const count = Math.ceil(time / series.interval);
      const [low, high, mean] = [series.low, series.high, series.mean].map((all) =>
        all.slice(0, count),
      ) as [typeof series.low, typeof series.low, typeof series.low];
      return { ...series, low, high, mean };
    }),
    drops: c.drops.map((drops) => ({
      ...drops,
      counts: drops.counts.slice(0, Math.ceil(time / drops.interval)),
    })),
    connections,
    packets: c.packets.filter((packet) => packet[0] <= time),
  };
}

/** The fixture's run in its midst: `index` cases are over, the next has come to `time`. */
export function midst(index: number, time: number, values: Record<string, string> = {}): Report {
  const report = fixture();
  report.cases = [
    ...report.cases.slice(0, index),
    ...report.cases.slice(index, index + 1).map((c) => cut(c, time)),
  ];
  report.compare = null;
  report.expectations = [];
  report.thinned = [];
  report.run.settings = [];
  report.run.parameters = parameters.map((p) => ({ ...p, value: values[p.name] ?? p.value }));
  report.run.command = ["netsim run x.lua", ...Object.entries(values).flat()].join(" ");
  return report;
}

export class LiveServer {
  orders: Record<string, unknown>[] = [];
  pictures = 0; // asked for
  refuse = "";
  away = false; // answers nobody
  url = "";
  picture: Report | null = null;
  state: LiveState = {
    revision: 0,
    run: 1,
    state: "waiting",
    case: "",
    case_index: 0,
    cases: [],
    now: 0,
    end: null,
    speed: 1,
    packet: "",
  };

  private readonly streams = new Set<ServerResponse>();
  private readonly server: Server;

  private constructor(page: string) {
    const live = { format: "netsim-live", version: 1, script: hostile[0] };
    const html = page
      .replace("<!--netsim-data-->", () => JSON.stringify(live).replaceAll("<", "\\u003c"))
      .replace("base-uri 'none'", "connect-src 'self'; base-uri 'none'");
    this.server = createServer((request, answer) => {
      const path = request.url?.startsWith(root) ? request.url.slice(root.length) : null;
      if (this.away) {
        request.socket.destroy();
      } else if (path === "" && request.method === "GET") {
        answer.setHeader("content-type", "text/html; charset=utf-8").end(html);
      } else if (path === "report.json") {
        this.pictures += 1;
        if (!this.picture) answer.writeHead(404).end("nothing has run yet\n");
        else answer.setHeader("content-type", "application/json").end(JSON.stringify(this.picture));
      } else if (path === "events") {
        answer.writeHead(200, { "content-type": "text/event-stream" });
        answer.write("retry: 100\n\n");
        this.streams.add(answer);
        answer.on("close", () => this.streams.delete(answer));
        this.write(answer);
      } else if (path === "control" && request.method === "POST") {
        let body = "";
        request.on("data", (some) => (body += String(some)));
        request.on("end", () => {
          this.orders.push({
            ...(JSON.parse(body) as object),
            type: request.headers["content-type"],
          });
          if (this.refuse === "") answer.writeHead(204).end();
          else
            answer
              .writeHead(400, { "content-type": "application/json" })
              .end(JSON.stringify({ error: this.refuse }));
        });
      } else answer.writeHead(404).end();
    });
  }

  static async start(page: string): Promise<LiveServer> {
    const made = new LiveServer(page);
    await new Promise<void>((done) => made.server.listen(0, "127.0.0.1", done));
    made.url = `http://127.0.0.1:${(made.server.address() as AddressInfo).port}${root}`;
    return made;
  }

  private write(stream: ServerResponse): void {
    stream.write(`event: state\ndata: ${JSON.stringify(this.state)}\n\n`);
  }

  tell(change: Partial<LiveState>): void {
    Object.assign(this.state, change);
    for (const stream of this.streams) this.write(stream);
  }

  /** A newer picture, and the state that goes with it. */
  show(picture: Report, change: Partial<LiveState> = {}): void {
    this.picture = picture;
    const last = picture.cases.at(-1);
    this.tell({
      revision: this.state.revision + 1,
      case: last?.name ?? "",
      case_index: Math.max(0, picture.cases.length - 1),
      cases: picture.cases.map((c) => c.name),
      now: last?.simulated_seconds ?? 0,
      end: 30,
      ...change,
    });
  }

  cutOff(away: boolean): void {
    this.away = away;
    for (const stream of this.streams) stream.destroy();
  }

  async stop(): Promise<void> {
    for (const stream of this.streams) stream.destroy();
    this.server.closeAllConnections();
    await new Promise<void>((done) => void this.server.close(() => done()));
  }
}
