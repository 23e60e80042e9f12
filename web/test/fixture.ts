// A report made up for tests, of the format of docs/report-format.md: three cases of a flood, names
// that try to be markup, a lost and a repeated segment, a failed expectation. Always the same.
import type {
  Call,
  Case,
  Connection,
  Packet,
  Report,
  Segment,
  Series,
  StateChange,
} from "../src/model.ts";
import { edge, states } from "./fixture-states.ts";

export const hostile = [
  `<script>alert("host")</script>`,
  `"quoted' & <b>bold</b>`,
  `📡 emoji`,
  `שרת rtl`,
];
const [web, user, bot, router] = hostile as [string, string, string, string];

function draws(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

const length = 30;
const [from, to] = [5, 25];

interface Plan {
  name: string;
  flood: boolean;
  success: number;
  limit: number;
  cookies: boolean;
}

function series(
  name: string,
  group: string,
  unit: string,
  at: (t: number) => number,
  more: Partial<Series> = {},
): Series {
  const interval = 0.1;
  const mean: number[] = [];
  const spread: number[] = [];
  for (let i = 0; i < length / interval; i++) {
    mean.push(at(i * interval));
    spread.push(0.1 * Math.abs(at(i * interval)));
  }
  return {
    name,
    group,
    unit,
    node: null,
    link: null,
    direction: null,
    port: null,
    limit: null,
    start: 0,
    interval,
    low: mean.map((value, i) => Math.max(0, value - spread[i]!)),
    high: mean.map((value, i) => value + spread[i]!),
    mean,
    ...more,
  };
}

const isn = [1000, 900000] as const;

/** One connection of the user's; `lost`: its first SYN finds no room. */
function connection(id: number, start: number, lost: boolean, answered: boolean): Connection {
  const c: Connection = {
    id,
    ends: [
      { node: 1, endpoint: `10.0.0.2:${40000 + id}` },
      { node: 0, endpoint: "10.0.0.1:80" },
    ],
    outcome: answered ? "closed" : "timed out",
    states: [],
    calls: [],
    segments: [],
    segments_total: 0,
  };
  const trip = 0.01;
  const call = (...row: Call) => c.calls.push(row);
  const state = (end: number, t: number, a: string, cause: string, b: string) =>
    c.states.push([end, t, a, b, edge(a, cause, b)] as StateChange);
  const segment = (
    end: 0 | 1,
    sent: number,
    flags: string,
    seq: number,
    ack: number,
    more: Partial<Segment> = {},
  ) =>
    c.segments.push({
      end,
      sent,
      seen: sent + trip,
      flags,
      length: 0,
      window: flags === "S" ? 64240 : 502,
      seq: isn[end] + seq,
      ack: flags.includes(".") ? isn[1 - end]! + ack : 0,
      rel_seq: seq,
      rel_ack: ack,
      options: flags.startsWith("S")
        ? "mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 7"
        : "nop,nop,TS val 7 ecr 1",
      again: false,
      drop: null,
      note: "",
      ...more,
    });
  const full = {
    reason: "TCPReqQFullDrop",
    words: "The listener's SYN queue was full and SYN cookies were off.",
    node: 0,
  };
  call(0, start, `connect("10.0.0.1", 80)`);
  state(0, start, "CLOSED", "connect", "SYN-SENT");
  let t = start;
  const tries = answered ? (lost ? 2 : 1) : 4;
  for (let n = 0; n < tries; n++) {
    if (n > 0) t = start + 2 ** n - 1;
    const dropped = n < tries - 1 || !answered;
    segment(0, t, "S", 0, 0, { again: n > 0, ...(dropped ? { seen: t + trip, drop: full } : {}) });
  }
  if (!answered) {
    state(0, t + 8, "SYN-SENT", "time-out", "CLOSED");
    call(0, t + 8, "connect() = ETIMEDOUT");
    c.segments_total = c.segments.length;
    return c;
  }
  const at = (trips: number) => t + trips * trip;
  state(1, at(1), "LISTEN", "rcv SYN", "SYN-RECEIVED");
  segment(1, at(1), "S.", 0, 1);
  state(0, at(2), "SYN-SENT", "rcv SYN,ACK", "ESTABLISHED");
  call(0, at(2), "connect() = 0");
  segment(0, at(2), ".", 1, 1);
  call(0, at(2), "send(100)");
  segment(0, at(2), "P.", 1, 1, { length: 100 });
  state(1, at(3), "SYN-RECEIVED", "rcv ACK of SYN", "ESTABLISHED");
  call(1, at(3), "accept() = <script>");
  segment(1, at(3), ".", 1, 101);
  segment(1, at(3), "P.", 1, 101, {
    length: 6,
    seen: id % 3 ? at(4) : null,
    drop: id % 3 ? null : { reason: "loss", words: "The link lost it.", node: 3 },
  });
  if (id % 3 === 0) {
    segment(1, at(3) + 0.22, "P.", 1, 101, { length: 6, again: true, note: "RTO" });
    t += 0.22;
  }
  call(1, at(3), "close()");
  state(1, at(3), "ESTABLISHED", "close", "FIN-WAIT-1");
  segment(1, at(3), "F.", 7, 101);
  state(0, at(4), "ESTABLISHED", "rcv FIN", "CLOSE-WAIT");
  segment(0, at(4), ".", 101, 8);
  state(1, at(5), "FIN-WAIT-1", "rcv ACK of FIN", "FIN-WAIT-2");
  call(0, at(6), "close()");
  state(0, at(6), "CLOSE-WAIT", "close", "LAST-ACK");
  segment(0, at(6), "F.", 101, 8);
  state(1, at(7), "FIN-WAIT-2", "rcv FIN", "TIME-WAIT");
  segment(1, at(7), ".", 8, 102);
  state(0, at(8), "LAST-ACK", "rcv ACK of FIN", "CLOSED");
  c.segments_total = c.segments.length;
  return c;
}

function makeCase(plan: Plan): Case {
  const draw = draws(plan.limit + (plan.flood ? 7 : 0));
  const during = (t: number) => t >= from && t < to;
  const connections: Connection[] = [];
  for (let id = 1; id <= 120; id++) {
    const start = 0.2 + id * 0.24 + 0.05 * draw();
    const luck = !during(start) || draw() < plan.success;
    connections.push(connection(id, start, !luck, luck || draw() < 0.5));
  }
  const refused = connections.flatMap((c) =>
    c.segments.filter((s) => s.drop?.reason === "TCPReqQFullDrop"),
  );
  const bins = Array.from({ length: length * 2 }, () => 0);
  for (const s of refused) bins[Math.min(bins.length - 1, Math.floor(s.sent * 2))]! += 1;
  const taken = new Map<number, number>();
  for (const c of connections)
    for (const s of c.states) taken.set(s[4], (taken.get(s[4]) ?? 0) + 1);
  const packets: Packet[] = connections
    .flatMap((c) =>
      c.segments.flatMap((s): Packet[] => {
        const half = s.sent + 0.005;
        const lost = s.seen === null;
        return s.end === 0
          ? [
              [s.sent, half, 1, 0, s.flags, 0],
              [half, s.sent + 0.01, 0, 1, s.flags, 0],
            ]
          : [
              [s.sent, half, 0, 0, s.flags, 0],
              [half, lost ? null : s.sent + 0.01, 1, 1, s.flags, lost ? 1 : 0],
            ];
      }),
    )
    .sort((a, b) => a[0] - b[0]);
  const load = (t: number, busy: number) => 0.02 + (plan.flood && during(t) ? busy : 0);
  const queue = (t: number) =>
    plan.flood && during(t) ? plan.limit * (1 - Math.exp(-(t - from) * 3)) : draw() * 2;
  const drop = (reason: string, scale: number) => ({
    node: 0,
    link: null,
    reason,
    start: 0,
    interval: 0.5,
    counts: bins.map((n, i) =>
      plan.flood && during(i / 2) ? Math.round(n * scale + 4000 * scale * draw()) : 0,
    ),
  });
  const drops = [
    drop("TCPReqQFullDrop", plan.cookies ? 0 : 1),
    drop("ListenDrops last quarter", plan.cookies ? 0 : 0.4),
  ]
    .map((d) => ({ ...d, count: d.counts.reduce((a, b) => a + b, 0) }))
    .filter((d) => d.count > 0);
  const side = { rate: 1e9, delay: 0.005, sent: 1234, octets: 98765, dropped: 0 };
  const success = plan.flood ? plan.success : 1;
  return {
    name: plan.name,
    seed: 1,
    digest: "0123456789abcdef",
    simulated_seconds: length,
    events: 412345,
    handshakes: connections.filter((c) => c.outcome === "closed").length,
    ended: "until",
    results: {
      connect_success: success,
      connect_p50_ms: success > 0.5 ? 20 : 1020,
      connect_p99_ms: success > 0.9 ? 21 : 7020,
      syn_queue_peak: plan.flood ? plan.limit : 2,
      drops: { TCPReqQFullDrop: drops[0]?.count ?? 0 },
      cookies_sent: plan.cookies ? 390000 : 0,
      predicted: {
        connect_success: success,
        connect_p50_ms: 20,
        syn_queue_peak: plan.flood ? plan.limit : 1,
      },
    },
    nodes: [
      { name: web, kind: "host", address: "10.0.0.1", x: 0.85, y: 0.5, geographic: false },
      { name: user, kind: "host", address: "10.0.0.2", x: 0.15, y: 0.2, geographic: false },
      { name: bot, kind: "host", address: "10.0.0.3", x: 0.15, y: 0.8, geographic: false },
      { name: router, kind: "router", address: "", x: 0.5, y: 0.5, geographic: false },
    ],
    nodes_total: 4,
    links: [0, 1, 2].map((a) => ({
      name: `${hostile[a]}-${router}`,
      a,
      b: 3,
      directions: [{ ...side }, { ...side }],
    })),
    series: [
      series("SYN queue", "syn_queue", "requests", queue, { node: 0, port: 80, limit: plan.limit }),
      series("accept queue", "accept_queue", "connections", () => draw(), {
        node: 0,
        port: 80,
        limit: 128,
      }),
      series(
        "legitimate",
        "handshakes",
        "1/s",
        (t) => (during(t) ? 100 * success : 100) * (0.9 + 0.2 * draw()),
      ),
      series("attack", "handshakes", "1/s", () => 0),
      ...["sent", "received", "failed"].map((name, i) =>
        series(name, "cookies", "1/s", (t) => (plan.cookies && during(t) ? [19900, 95, 0][i]! : 0)),
      ),
      ...[0, 1, 2].flatMap((link) =>
        [0, 1].map((direction) =>
          series(
            `${hostile[link]}-${router}`,
            "link_load",
            "share",
            (t) =>
              load(
                t,
                link === 2 && direction === 0 ? 0.62 : link === 0 && direction === 1 ? 0.6 : 0.01,
              ),
            { link, direction },
          ),
        ),
      ),
      series(
        `${hostile[0]}-${router}`,
        "link_queue",
        "packets",
        (t) => 40 * load(t, 0.5) * draw(),
        { link: 0, direction: 1 },
      ),
      series(web, "host_queue", "share", (t) => Math.min(1, queue(t) / plan.limit), { node: 0 }),
      series(user, "host_queue", "share", () => 0.02, { node: 1 }),
      series(`success of ${user}`, "recorded", "share", (t) => (during(t) ? success : 1)),
    ],
    drops,
    transitions: [...taken].filter(([index]) => index >= 0).sort((a, b) => a[0] - b[0]),
    counters: [
      {
        node: 0,
        values: [
          ["TcpPassiveOpens", 120],
          ["TcpExtListenDrops", drops[0]?.count ?? 0],
          ["TcpExtSyncookiesSent", plan.cookies ? 390000 : 0],
        ].filter((row) => row[1] !== 0) as [string, number][],
      },
      {
        node: 1,
        values: [
          ["TcpActiveOpens", 120],
          ["TcpRetransSegs", 31],
        ],
      },
    ],
    connections,
    connections_total: plan.flood ? 2400 : connections.length,
    half_open_from: plan.flood ? 190000 : 0,
    packets,
  };
}

const text = `-- What a flood does. </script><!--
local p = netsim.params { backlog = { 128, "listen(2) backlog" } }
local function scenario(net, cookies)
  local web = net:host("<script>")   -- stays text
  local s = [[a long
string]]
  if cookies ~= nil and 0x10 > 1.5e3 then return { ok = true } end
end
netsim.expect(true, "connects succeed")
netsim.expect(false, "this one fails")
`;

export function fixture(): Report {
  const plans: Plan[] = [
    { name: "no attack", flood: false, success: 1, limit: 129, cookies: false },
    { name: `no <i>defence</i> & "more"`, flood: true, success: 0.08, limit: 129, cookies: false },
    { name: "syncookies", flood: true, success: 0.99, limit: 129, cookies: true },
  ];
  const cases = plans.map(makeCase);
  return {
    format: "netsim-report",
    version: 1,
    run: {
      script: `flood "<&>".lua`,
      command: `netsim run 'flood "<&>".lua' --seed 1`,
      seed: 1,
      digest: "fedcba9876543210",
      simulated_seconds: 90,
      events: 1237035,
      handshakes: 250,
      interrupted: false,
      failure: null,
      parameters: [
        {
          name: "backlog",
          value: "128",
          default: "128",
          help: "listen(2) backlog of the web server",
        },
        { name: "flood", value: "40kpps", default: "20kpps", help: "rate of <spoofed> SYNs" },
      ],
      settings: ["web.net.ipv4.tcp_syncookies=0"],
    },
    source: { name: `flood "<&>".lua`, text },
    expectations: [
      { place: "flood.lua:9", line: 9, message: "connects succeed", ok: true },
      { place: "flood.lua:10", line: 10, message: "this one fails: <b>0.5</b>", ok: false },
    ],
    compare: {
      title: "as <measured>",
      rows: [
        { key: "connect_success", label: "connects that succeed (share)" },
        { key: "connect_p50_ms", label: "connect latency p50 (ms)" },
        { key: "connect_p99_ms", label: "connect latency p99 (ms)" },
        { key: "syn_queue_peak", label: "SYN queue, peak" },
        { key: "drops.TCPReqQFullDrop", label: "dropped: SYN queue full" },
        { key: "cookies_sent", label: "cookies sent" },
      ],
    },
    thinned: [`case "syncookies": 120 of 2400 connections are listed`],
    states,
    words: {
      counters: {
        TcpPassiveOpens: "Connections that a listener accepted.",
        TcpExtListenDrops: "SYNs and last ACKs that a listener dropped.",
      },
      drops: { TCPReqQFullDrop: "The listener's SYN queue was full and SYN cookies were off." },
    },
    cases,
  };
}

/** The page with this data in its place. */
export function filled(page: string, report: Report): string {
  const json = JSON.stringify(report).replaceAll("<", "\\u003c");
  return page.replace("<!--netsim-data-->", () => json);
}
