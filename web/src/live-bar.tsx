// The bar of a run that goes on: where it stands, pause, single packets, speed.
import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { control, follow, following, link, refusal, state, stay } from "./live.ts";
import { clock, phaseWords, speeds, speedStep, speedWords } from "./live-state.ts";
import { at, report } from "./store.ts";

/** Of the slider, until netsim says the same. */
const wanted = signal<{ speed: number | null; since: number } | null>(null);
const patience = 1000; // milliseconds

let speedSent: number | null | undefined;
let sending = false;

/** One order at a time; of several speeds the last. */
async function sendSpeed(speed: number | null): Promise<void> {
  wanted.value = { speed, since: performance.now() };
  if (sending) return;
  sending = true;
  do {
    speedSent = wanted.peek()?.speed ?? null;
    if (!(await control({ do: "speed", speed: speedSent }))) wanted.value = null;
  } while (wanted.peek() && wanted.peek()!.speed !== speedSent);
  sending = false;
}

function speedShown(): number | null {
  const told = state.value?.speed ?? null;
  const mine = wanted.value;
  if (!mine || mine.speed === told || performance.now() - mine.since > patience) return told;
  return mine.speed;
}

const canRun = (): boolean =>
  link.value === "open" && (state.value?.state === "running" || state.value?.state === "paused");

function toggle(): void {
  if (canRun()) void control({ do: state.value?.state === "running" ? "pause" : "resume" });
}

function step(): void {
  if (canRun()) void control({ do: "step" });
}

const ownKeys = "input, select, textarea, button, a, summary, [role=button], [contenteditable]";

/** Space and n, where nothing else wants them. */
function shortcut(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.repeat)
    return;
  const target = event.target instanceof Element ? event.target : null;
  if (target?.closest(ownKeys) || !canRun()) return;
  if (event.key === " " && !target?.closest(".scroll")) toggle();
  else if (event.key === "n") step();
  else return;
  event.preventDefault();
}

let lastSpeed = 1; // what the slider stands at while there is no limit

function Speed() {
  const speed = speedShown();
  if (speed !== null) lastSpeed = speed;
  return (
    <div class="speed" role="group" aria-label="Speed">
      <label>
        speed{" "}
        <input
          type="range"
          min="0"
          max={speeds.length - 1}
          step="1"
          value={speedStep(lastSpeed)}
          class={speed === null ? "unused" : ""}
          aria-valuetext={speedWords(speed)}
          disabled={link.value !== "open"}
          onInput={(event) => void sendSpeed(speeds[Number(event.currentTarget.value)]!)}
        />
      </label>
      <span class="speed-words">{speedWords(speed)}</span>
      <label>
        <input
          type="checkbox"
          checked={speed === null}
          disabled={link.value !== "open"}
          onChange={(event) => void sendSpeed(event.currentTarget.checked ? null : lastSpeed)}
        />{" "}
        as fast as it can
      </label>
    </div>
  );
}

const lostWords = {
  open: "",
  lost: "The connection to netsim is lost; this page tries again. What it shows is as it was last.",
  gone: "netsim has ended. What this page shows is as it was last.",
};

function Messages() {
  const now = state.value;
  const wrong = [lostWords[link.value], refusal.value].filter(Boolean).join(" ");
  return (
    <div class="bar-row messages">
      <p aria-hidden="true">
        <bdi>{now?.case || "\u00a0"}</bdi>
      </p>
      <p role="status" class="packet-line">
        {now?.packet && <code>{now.packet}</code>}
      </p>
      <p role="alert" class="bad">
        {wrong}
      </p>
    </div>
  );
}

export function LiveBar() {
  useEffect(() => {
    document.addEventListener("keydown", shortcut);
    return () => document.removeEventListener("keydown", shortcut);
  }, []);
  const now = state.value;
  const failed = report.value?.run.failure != null;
  const words =
    link.value !== "open" ? "not connected" : now ? phaseWords(now, failed) : "connecting";
  const runs = canRun();
  const paused = now?.state === "paused";
  return (
    <div class="live" role="group" aria-label="The run">
      <div class="bar-row">
        <p class="live-state">
          <strong
            aria-hidden="true"
            class={`phase ${link.value === "open" ? (now?.state ?? "") : "lost"}`}
          >
            {words}
          </strong>{" "}
          <span class="hidden" role="status">
            {words}
            {now?.case ? `: ${now.case}` : ""}
          </span>
          {now && <span class="live-clock">{clock(now)}</span>}
        </p>
        <span class="buttons">
          <button
            type="button"
            disabled={!runs}
            onClick={toggle}
            title="key: space"
            aria-keyshortcuts="Space"
          >
            {paused ? "▶ run on" : "❚❚ pause run"}
          </button>
          <button
            type="button"
            disabled={!runs}
            onClick={step}
            title="key: n"
            aria-keyshortcuts="n"
          >
            ⇥ next packet
          </button>
          <button
            type="button"
            aria-pressed={following.value}
            title="the newest case, all of its time, its newest instant"
            onClick={() => (following.value ? stay(at.value) : follow())}
          >
            {following.value ? "● following" : "○ follow"}
          </button>
        </span>
        <Speed />
      </div>
      <Messages />
    </div>
  );
}
