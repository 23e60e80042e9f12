// Numbers as a reader wants them: few digits, a unit that fits, never "1e-05".

const grouped = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const fine = new Intl.NumberFormat("en", { maximumSignificantDigits: 4 });

/** 12,345 · 3.142 · 0.001234; null is a dash. */
export function number(value: number | null | undefined): string {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  return Number.isInteger(value) || Math.abs(value) >= 1000
    ? grouped.format(value)
    : fine.format(value);
}

/** 12.3k, 4.5M: where there is little room. */
export function brief(value: number): string {
  const size = Math.abs(value);
  for (const [unit, letter] of [
    [1e9, "G"],
    [1e6, "M"],
    [1e3, "k"],
  ] as const)
    if (size >= unit * (unit === 1e3 ? 10 : 1))
      return `${trim((value / unit).toPrecision(3))}${letter}`;
  return Number.isInteger(value) ? String(value) : trim(value.toPrecision(3));
}

const trim = (digits: string): string =>
  digits.includes(".") && !digits.includes("e") ? digits.replace(/\.?0+$/, "") : digits;

/** A length of time: "12.5 s", "3.2 ms", "450 ns". */
export function duration(seconds: number): string {
  const size = Math.abs(seconds);
  if (size === 0) return "0 s";
  if (size >= 1) return `${trim(seconds.toPrecision(4))} s`;
  if (size >= 1e-3) return `${trim((seconds * 1e3).toPrecision(4))} ms`;
  if (size >= 1e-6) return `${trim((seconds * 1e6).toPrecision(4))} µs`;
  return `${trim((seconds * 1e9).toPrecision(3))} ns`;
}

/** An instant, with the digits that tell it from its neighbours in a window of `span` seconds. */
export function instant(seconds: number, span = 1): string {
  const digits = Math.max(0, Math.min(9, Math.ceil(-Math.log10(span / 1000))));
  return `${seconds.toFixed(digits)} s`;
}

export function percent(share: number): string {
  const value = share * 100;
  return `${value !== 0 && Math.abs(value) < 9.95 ? trim(value.toPrecision(2)) : value.toFixed(0)} %`;
}

/** Bits per second as "1 Gbit/s". */
export function rate(bits: number | null): string {
  if (bits === null || bits === 0) return "unlimited";
  for (const [unit, name] of [
    [1e9, "Gbit/s"],
    [1e6, "Mbit/s"],
    [1e3, "kbit/s"],
  ] as const)
    if (bits >= unit) return `${trim((bits / unit).toPrecision(4))} ${name}`;
  return `${bits} bit/s`;
}

/** "1 segment", "2 segments". */
export function count(value: number, one: string, many = `${one}s`): string {
  return `${number(value)} ${value === 1 ? one : many}`;
}

/** A value with its unit, as a chart says it. */
export function measure(value: number | null | undefined, unit: string): string {
  if (value === null || value === undefined) return "–";
  if (unit === "share") return percent(value);
  if (unit === "s") return duration(value);
  return unit === ""
    ? number(value)
    : unit.startsWith("1/")
      ? `${number(value)} /${unit.slice(2)}`
      : `${number(value)} ${unit}`;
}

/** A name within other text: one written from right to left leaves its neighbours in order. */
export function isolated(name: string): string {
  return `\u2068${name}\u2069`;
}
