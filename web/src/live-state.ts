// What a running netsim says of itself, in numbers and in words: the events of netsim view.

/** "gone": its last word, netsim ends. */
export type Phase = "waiting" | "running" | "paused" | "over" | "gone";

export interface LiveState {
  /** Of the picture; 0: there is none yet. */
  revision: number;
  /** Grows when the script begins again. */
  run: number;
  state: Phase;
  case: string;
  case_index: number;
  cases: string[];
  now: number;
  /** null: until nothing is left to do. */
  end: number | null;
  /** Simulated seconds per second; null: as fast as it can. */
  speed: number | null;
  packet: string;
}

const phases: readonly string[] = ["waiting", "running", "paused", "over", "gone"];

const number = (value: unknown): number | null =>
  typeof value === "number" && Number.isFinite(value) ? value : null;
const text = (value: unknown): string => (typeof value === "string" ? value : "");

/** The data of an event; null: it is none that this page knows. */
export function readState(data: string): LiveState | null {
  let read: Record<string, unknown>;
  try {
    read = JSON.parse(data) as Record<string, unknown>;
  } catch {
    return null;
  }
  if (typeof read !== "object" || read === null || !phases.includes(text(read["state"])))
    return null;
  return {
    revision: number(read["revision"]) ?? 0,
    run: number(read["run"]) ?? 0,
    state: read["state"] as Phase,
    case: text(read["case"]),
    case_index: number(read["case_index"]) ?? 0,
    cases: Array.isArray(read["cases"]) ? read["cases"].map(text) : [],
    now: number(read["now"]) ?? 0,
    end: number(read["end"]),
    speed: number(read["speed"]),
    packet: text(read["packet"]),
  };
}

/** What a new state asks of the page, whose picture is of revision `loaded`. */
export function asks(before: LiveState | null, next: LiveState, loaded: number) {
  return {
    forget: before !== null && before.run !== next.run,
    fetch: next.revision > 0 && next.revision !== loaded,
  };
}

/** The script's name, if the page's data say that it is to be shown live; null: they are a report. */
export function liveScript(data: string): string | null {
  const trimmed = data.trim();
  if (trimmed.length > 10_000 || !trimmed.startsWith("{")) return null;
  const read = JSON.parse(trimmed) as { format?: unknown; version?: unknown; script?: unknown };
  if (read.format !== "netsim-live") return null;
  if (read.version !== 1)
    throw new Error(`This page knows version 1 of netsim view; this is ${String(read.version)}.`);
  return text(read.script);
}

/** What the slider of speeds can be set to: 1, 2, 5 of every power of ten. */
export const speeds: readonly number[] = [-3, -2, -1, 0, 1, 2, 3]
  .flatMap((power) => [1, 2, 5].map((digit) => Number(`${digit}e${power}`)))
  .filter((speed) => speed <= 1000);

/** The step of the slider that is nearest. */
export function speedStep(speed: number): number {
  const away = (i: number) => Math.abs(Math.log(speeds[i]! / speed));
  return speeds.reduce((best, _, i) => (away(i) < away(best) ? i : best), 0);
}

export function speedWords(speed: number | null): string {
  if (speed === null) return "as fast as it can";
  if (speed === 1) return "as in real time";
  const slower = 1 / speed;
  if (speed < 1 && Math.abs(slower - Math.round(slower)) < 1e-6 * slower)
    return `1/${Math.round(slower)} of real time`;
  return `${Number(speed.toPrecision(3))} × real time`;
}

/** Simulated time, in digits that change no faster than one can read them. */
export function clock(state: LiveState): string {
  const { now, end, speed } = state;
  const digits =
    state.state === "paused"
      ? 6
      : speed === null
        ? 1
        : Math.min(6, Math.max(1, Math.ceil(1 - Math.log10(speed))));
  const until = end === null ? "" : ` of ${Number(end.toPrecision(9))} s`;
  return `${now.toFixed(digits)} s${until}`;
}

export function phaseWords(state: LiveState, failed: boolean): string {
  switch (state.state) {
    case "waiting":
      return "beginning";
    case "over":
      return failed ? "ended by a failure" : "over";
    default:
      return state.state;
  }
}
