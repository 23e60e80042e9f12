// A run that goes on while it is looked at: netsim view says where it stands, this page asks for its
// picture whenever there is a newer one, and sends what the reader wants of it.
import { batch, computed, signal } from "@preact/signals";
import { merged } from "./live-merge.ts";
import { asks, type LiveState, readState } from "./live-state.ts";
import { parse, type Report } from "./model.ts";
import {
  caseIndex,
  edgeFilter,
  held,
  live,
  moving,
  newest,
  now,
  picked,
  pickCase,
  report,
  resetZoom,
  zoomed,
} from "./store.ts";

export const script = signal("");
export const state = signal<LiveState | null>(null);
/** "lost": it is tried again; "gone": netsim has ended, or whoever answers is none. */
export const link = signal<"open" | "lost" | "gone">("open");
/** What netsim said to what was asked last: empty if it did so. */
export const refusal = signal("");
/** The newest picture, also one that has no case yet. */
export const latest = signal<Report | null>(null);

/** The page moves on with the run: the reader looks at nothing that is over. */
export const following = computed(() => !held.value && now.value === null && !zoomed.value);

let loaded = 0; // revision of the picture
let loading = false;
let drawn: Report | null = null;
let wake = () => {};

function forget(): void {
  resetZoom();
  picked.value = now.value = edgeFilter.value = null;
  held.value = false;
}

/** To the case that runs, unless the reader has something open that is another case's. */
function moveOn(cases: number): void {
  const running = Math.max(0, Math.min(state.peek()?.case_index ?? 0, cases - 1));
  newest.value = running;
  if (caseIndex.peek() === running) {
    held.value = false;
    return;
  }
  const busy = held.peek() || picked.peek() !== null || zoomed.peek();
  if (busy && caseIndex.peek() < cases) held.value = true;
  else {
    now.value = null;
    pickCase(running);
  }
}

/** What runs now, as it is now. */
export function follow(): void {
  batch(() => {
    resetZoom();
    now.value = null;
    if (caseIndex.value !== newest.value) pickCase(newest.value);
    held.value = false;
  });
}

/** Leaves the page at what it shows. */
export function stay(at: number): void {
  now.value = at;
}

/** Until a case begins, or none will, the picture of the run before stays. */
function draw(): void {
  const next = latest.peek();
  if (next === null || next === drawn) return;
  const mayCome = next.cases.length === 0 && state.peek()?.state !== "over";
  if (mayCome && report.peek() !== null) return;
  drawn = next;
  report.value = merged(report.peek(), next);
  moveOn(next.cases.length);
}

function show(next: Report): void {
  batch(() => {
    latest.value = next;
    draw();
  });
}

const painted = () =>
  new Promise<void>((done) => {
    setTimeout(done, 500); // a page that is not seen is not painted
    requestAnimationFrame(() => setTimeout(done));
  });

/** A picture that takes long to draw leaves twice as long for what the reader does. */
async function rest(cost: number): Promise<void> {
  if (state.peek()?.state !== "running") return;
  await new Promise<void>((done) => {
    wake = done;
    setTimeout(done, Math.min(2 * cost, 3000));
  });
}

async function load(): Promise<void> {
  if (loading) return;
  loading = true;
  try {
    for (;;) {
      const wanted = state.peek()?.revision ?? 0;
      if (document.hidden || wanted === 0 || wanted === loaded) break;
      const answer = await fetch("report.json", { cache: "no-store" });
      const text = await answer.text();
      loaded = wanted;
      if (!answer.ok) continue;
      const begun = performance.now();
      show(parse(text));
      await painted();
      await rest(performance.now() - begun);
    }
  } catch (error) {
    // Without a connection the events say so, and ask again once there is one.
    if (!(error instanceof TypeError))
      refusal.value = error instanceof Error ? error.message : String(error);
    setTimeout(() => link.peek() === "open" && void load(), 1000);
  } finally {
    loading = false;
  }
}

function receive(next: LiveState): void {
  const { forget: again, fetch } = asks(state.peek(), next, loaded);
  batch(() => {
    state.value = next;
    moving.value = next.state === "running";
    if (again) forget();
    draw();
  });
  if (next.state !== "running") wake();
  if (fetch) void load();
}

/** Asks something of netsim; true: it does so. What it refuses with is told. */
export async function control(order: { do: string; [more: string]: unknown }): Promise<boolean> {
  return send(JSON.stringify(order));
}

export async function send(body: string): Promise<boolean> {
  try {
    const answer = await fetch("control", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body,
    });
    if (answer.ok) {
      refusal.value = "";
      return true;
    }
    const said = (await answer.json().catch(() => null)) as { error?: unknown } | null;
    refusal.value =
      typeof said?.error === "string" ? said.error : `netsim refused it (${answer.status}).`;
  } catch {
    refusal.value = "netsim does not answer.";
  }
  return false;
}

export function connect(name: string): void {
  script.value = name;
  live.value = true;
  const source = new EventSource("events");
  source.addEventListener("open", () => {
    link.value = "open";
    loaded = 0; // whatever was missed
  });
  source.addEventListener("error", () => {
    link.value = source.readyState === EventSource.CLOSED ? "gone" : "lost";
    moving.value = false;
  });
  source.addEventListener("state", (event) => {
    const next = readState((event as MessageEvent<string>).data);
    if (next?.state === "gone") {
      source.close();
      link.value = "gone";
      moving.value = false;
    } else if (next) receive(next);
  });
  document.addEventListener("visibilitychange", () => void load());
}
