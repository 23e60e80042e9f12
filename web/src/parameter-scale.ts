// A parameter's values as places of a slider: 1, 1.5, 2, 3, 5, 7 of every power of ten, a hundredth to
// a hundred times the default, and 0. Units are those that netsim reads (src/base/units.cpp).
import type { Parameter } from "./model.ts";

type Units = [string, number][];

const kibi = 1024;
// Those that a value may be carried on to come first, from small to large; others are only read.
const times: Units = [
  ["ns", 1e-9],
  ["us", 1e-6],
  ["ms", 1e-3],
  ["s", 1],
];
const bits: Units = [
  ["bit", 1],
  ["kbit", 1e3],
  ["mbit", 1e6],
  ["gbit", 1e9],
  ["tbit", 1e12],
];
const octets: Units = [
  ["bps", 8],
  ["kbps", 8e3],
  ["mbps", 8e6],
  ["gbps", 8e9],
];
const packets: Units = [
  ["pps", 1],
  ["kpps", 1e3],
  ["mpps", 1e6],
];
const perSecond: Units = [
  ["/s", 1],
  ["k/s", 1e3],
  ["m/s", 1e6],
];

interface Kind {
  chains: Units[];
  others: Units;
}

const kinds: Record<string, Kind> = {
  integer: { chains: [], others: [["", 1]] },
  number: { chains: [], others: [["", 1]] },
  duration: {
    chains: [times],
    others: [
      ["min", 60],
      ["h", 3600],
      ["", 1],
    ],
  },
  rate: {
    chains: [bits, octets],
    others: [
      ["kibit", kibi],
      ["mibit", kibi ** 2],
      ["gibit", kibi ** 3],
      ["", 1],
    ],
  },
  frequency: {
    chains: [packets, perSecond],
    others: [
      ["/ms", 1e3],
      ["/min", 1 / 60],
      ["/h", 1 / 3600],
    ],
  },
  size: {
    chains: [],
    others: [
      ...["k", "m", "g"].flatMap((letter, i): Units =>
        ["", "b", "ib"].map((end) => [letter + end, kibi ** (i + 1)]),
      ),
      ["kbit", 125],
      ["mbit", 125e3],
      ["gbit", 125e6],
      ["b", 1],
      ["", 1],
    ],
  },
  packets: {
    chains: [],
    others: [
      ["p", 1],
      ["", 1],
    ],
  },
  probability: {
    chains: [],
    others: [
      ["%", 0.01],
      ["", 1],
    ],
  },
};

const wholeUnits = ["p", "b"];

export interface Quantity {
  number: number;
  unit: string;
}

/** "100 ms" as 100 and "ms"; null: it is no number with a unit. */
export function split(text: string): Quantity | null {
  const found = /^\s*(-?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)\s*([a-z/%]*)\s*$/i.exec(text);
  if (!found) return null;
  return { number: Number(found[1]), unit: found[2]!.toLowerCase() };
}

const unitsOf = (kind: Kind): Units => [...kind.chains.flat(), ...kind.others];

/** In the unit that counts one: seconds, bit/s, octets. */
function measured(kind: Kind, text: string): number | null {
  const quantity = split(text);
  const unit = quantity && unitsOf(kind).find(([name]) => name === quantity.unit);
  return unit ? quantity.number * unit[1] : null;
}

/** Decimal digits without an exponent or the rests of binary ones. */
function plain(value: number): string {
  const short = Number(value.toPrecision(12));
  return /e-/.test(String(short))
    ? short.toFixed(15).replace(/0+$/, "").replace(/\.$/, "")
    : String(short);
}

/** 1500 ms as 1.5s: within its own family of units, so that the number is at least 1, below 1000. */
export function written(kind: string, { number, unit }: Quantity): string {
  const chain = kinds[kind]?.chains.find((units) => units.some(([name]) => name === unit));
  if (!chain || number === 0) return plain(number) + unit;
  let at = chain.findIndex(([name]) => name === unit);
  let value = number;
  while (Math.abs(value) >= 1000 && at + 1 < chain.length) {
    value /= 1000;
    at += 1;
  }
  while (Math.abs(value) < 1 && at > 0) {
    value *= 1000;
    at -= 1;
  }
  return plain(value) + chain[at]![0];
}

export interface Scale {
  /** Texts as one would type them, by growing value. */
  texts: string[];
  /** The place of a value; null: it is none of this kind. */
  place: (text: string) => number | null;
}

const digits = [1, 1.5, 2, 3, 5, 7];

function around(middle: number): number[] {
  const found = [0];
  for (let power = -12; power <= 18; power++)
    for (const digit of digits) {
      const value = Number(`${digit}e${power}`);
      if (value >= (middle / 100) * (1 - 1e-9) && value <= middle * 100 * (1 + 1e-9))
        found.push(value);
    }
  return found;
}

const percents = [
  0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 1.5, 2, 3, 5, 7, 10, 15, 20, 25, 30, 40, 50, 60, 70, 75,
  80, 85, 90, 95, 97, 98, 99, 100,
];

/** The slider of a parameter; null: it is no quantity. */
export function scaleOf(parameter: Pick<Parameter, "type" | "default">): Scale | null {
  const type = parameter.type ?? "text";
  const kind = Object.hasOwn(kinds, type) ? kinds[type]! : null;
  const base = split(parameter.default);
  if (!kind || !base || measured(kind, parameter.default) === null) return null;
  const { unit } = base;
  const whole = type === "integer" || wholeUnits.includes(unit) || (type === "size" && unit === "");
  let numbers: number[];
  if (type === "probability")
    numbers = unit === "%" ? percents : percents.map((value) => Number((value / 100).toFixed(6)));
  else {
    const sign = base.number < 0 ? -1 : 1;
    numbers = around(Math.abs(base.number) || (whole ? 10 : 1)).map((value) => sign * value);
  }
  if (whole) numbers = numbers.filter(Number.isInteger);
  const steps = [...new Set([...numbers, base.number])].sort((a, b) => a - b);
  const texts = steps.map((number) =>
    number === base.number
      ? parameter.default
      : written(type, { number: number === 0 ? 0 : number, unit }),
  );
  const values = texts.map((text) => measured(kind, text) ?? 0);
  const even = type === "probability";
  const place = (text: string): number | null => {
    const value = measured(kind, text);
    if (value === null) return null;
    // Near in the slider's own measure: as a factor, and 0 only for what is far below its least.
    const smallest = Math.min(...values.filter((v) => v !== 0).map(Math.abs));
    const away = (step: number) => {
      const floor = even ? 1e-4 : smallest / 3;
      const height = (v: number) => Math.sign(v) * Math.log(1 + Math.abs(v) / floor);
      return Math.abs(height(step) - height(value));
    };
    return values.reduce((best, v, i) => (away(v) < away(values[best]!) ? i : best), 0);
  };
  return { texts, place };
}
