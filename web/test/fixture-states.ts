// The state diagram of the fixture: the table and places that the program writes.
import type { Spot, States } from "../src/model.ts";

const [L, M, R] = [9, 40, 71];

const boxes: [string, number, number][] = [
  ["CLOSED", M, 0],
  ["LISTEN", M, 8],
  ["SYN-RECEIVED", L, 14],
  ["SYN-SENT", R, 14],
  ["ESTABLISHED", M, 22],
  ["FIN-WAIT-1", L, 30],
  ["CLOSE-WAIT", R, 30],
  ["FIN-WAIT-2", L, 38],
  ["CLOSING", M, 38],
  ["LAST-ACK", R, 38],
  ["TIME-WAIT", M, 46],
  ["CLOSED", R, 46],
];

const table = `CLOSED listen LISTEN
CLOSED connect SYN-SENT
LISTEN rcv SYN SYN-RECEIVED
LISTEN rcv ACK with SYN cookie SYN-RECEIVED
LISTEN rcv SYN with Fast Open cookie SYN-RECEIVED
LISTEN close CLOSED
SYN-SENT rcv SYN,ACK ESTABLISHED
SYN-SENT rcv SYN SYN-RECEIVED
SYN-SENT rcv RST CLOSED
SYN-SENT time-out CLOSED
SYN-SENT ICMP error CLOSED
SYN-SENT close CLOSED
SYN-RECEIVED rcv ACK of SYN ESTABLISHED
SYN-RECEIVED close FIN-WAIT-1
SYN-RECEIVED rcv FIN CLOSE-WAIT
SYN-RECEIVED rcv RST CLOSED
SYN-RECEIVED time-out CLOSED
ESTABLISHED close FIN-WAIT-1
ESTABLISHED rcv FIN CLOSE-WAIT
FIN-WAIT-1 rcv ACK of FIN FIN-WAIT-2
FIN-WAIT-1 rcv FIN CLOSING
FIN-WAIT-2 rcv FIN TIME-WAIT
FIN-WAIT-2 FIN-WAIT-2 over CLOSED
CLOSE-WAIT close LAST-ACK
CLOSING rcv ACK of FIN TIME-WAIT
LAST-ACK rcv ACK of FIN CLOSED
TIME-WAIT TIME-WAIT over CLOSED
ESTABLISHED rcv RST CLOSED
ESTABLISHED time-out CLOSED`;

const ways: [string, string, Spot[], Spot, boolean?][] = [
  [
    "CLOSED",
    "LISTEN",
    [
      [36, 3],
      [36, 7],
    ],
    [34, 5],
    true,
  ],
  [
    "LISTEN",
    "CLOSED",
    [
      [44, 7],
      [44, 3],
    ],
    [46, 5],
  ],
  [
    "CLOSED",
    "SYN-SENT",
    [
      [48, 1],
      [73, 1],
      [73, 13],
    ],
    [50, 0],
  ],
  [
    "SYN-SENT",
    "CLOSED",
    [
      [67, 13],
      [67, 2],
      [48, 2],
    ],
    [65, 3],
    true,
  ],
  [
    "LISTEN",
    "SYN-RECEIVED",
    [
      [32, 9],
      [12, 9],
      [12, 13],
    ],
    [14, 10],
  ],
  [
    "SYN-SENT",
    "SYN-RECEIVED",
    [
      [63, 15],
      [17, 15],
    ],
    [36, 14],
  ],
  [
    "SYN-RECEIVED",
    "ESTABLISHED",
    [
      [12, 17],
      [12, 23],
      [32, 23],
    ],
    [14, 21],
  ],
  [
    "SYN-SENT",
    "ESTABLISHED",
    [
      [68, 17],
      [68, 23],
      [48, 23],
    ],
    [66, 21],
    true,
  ],
  [
    "SYN-RECEIVED",
    "FIN-WAIT-1",
    [
      [6, 17],
      [6, 29],
    ],
    [8, 26],
  ],
  [
    "SYN-RECEIVED",
    "CLOSE-WAIT",
    [
      [15, 17],
      [15, 19],
      [74, 19],
      [74, 29],
    ],
    [36, 18],
  ],
  [
    "ESTABLISHED",
    "FIN-WAIT-1",
    [
      [36, 25],
      [36, 31],
      [17, 31],
    ],
    [34, 30],
    true,
  ],
  [
    "ESTABLISHED",
    "CLOSE-WAIT",
    [
      [44, 25],
      [44, 31],
      [63, 31],
    ],
    [46, 30],
  ],
  [
    "FIN-WAIT-1",
    "FIN-WAIT-2",
    [
      [6, 33],
      [6, 37],
    ],
    [8, 36],
  ],
  [
    "FIN-WAIT-1",
    "CLOSING",
    [
      [13, 33],
      [13, 34],
      [40, 34],
      [40, 37],
    ],
    [38, 33],
    true,
  ],
  [
    "CLOSE-WAIT",
    "LAST-ACK",
    [
      [71, 33],
      [71, 37],
    ],
    [69, 35],
    true,
  ],
  [
    "FIN-WAIT-2",
    "TIME-WAIT",
    [
      [9, 41],
      [9, 47],
      [32, 47],
    ],
    [11, 46],
  ],
  [
    "CLOSING",
    "TIME-WAIT",
    [
      [40, 41],
      [40, 45],
    ],
    [42, 42],
  ],
  [
    "LAST-ACK",
    "CLOSED",
    [
      [71, 41],
      [71, 45],
    ],
    [69, 43],
    true,
  ],
  [
    "TIME-WAIT",
    "CLOSED",
    [
      [48, 47],
      [63, 47],
    ],
    [49, 45],
  ],
];

const anywhere = ["rcv RST", "time-out", "ICMP error", "abort"];

const edges = table.split("\n").map((line) => {
  const words = line.split(" ");
  return { from: words[0]!, cause: words.slice(1, -1).join(" "), to: words.at(-1)! };
});

export const states: States = {
  boxes: boxes.map(([state, x, y]) => ({ state, x, y })),
  box: { half_width: 7, height: 3 },
  columns: 80,
  lines: 49,
  edges,
  arrows: ways.map(([from, to, way, label, ends]) => ({
    from,
    to,
    way,
    label,
    label_ends: ends ?? false,
    edges: edges.flatMap((edge, index) =>
      edge.from === from && edge.to === to && !anywhere.includes(edge.cause) ? [index] : [],
    ),
  })),
};

export function edge(from: string, cause: string, to: string): number {
  return edges.findIndex((e) => e.from === from && e.cause === cause && e.to === to);
}
