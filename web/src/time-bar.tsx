// The bar that stays in sight: cases, sections, and the shared time axis with play.
import { duration, instant } from "./format.ts";
import { playing, secondsPerWindow, toggle } from "./play.ts";
import { LiveBar } from "./live-bar.tsx";
import {
  at,
  caseIndex,
  live,
  newest,
  now,
  pickCase,
  report,
  resetZoom,
  span,
  timeKey,
  whole,
  zoomBy,
  zoomed,
} from "./store.ts";

const sections = [
  ["compare", "Compare"],
  ["series", "Time series"],
  ["connections", "Connections"],
  ["states", "States"],
  ["topology", "Topology"],
  ["counters", "Counters"],
  ["script", "Script"],
];

function Cases() {
  const cases = report.value!.cases;
  if (cases.length < 2) return null;
  return (
    <fieldset class="cases">
      <legend>case</legend>
      {cases.map((c, index) => (
        <label key={index}>
          <input
            type="radio"
            name="case"
            checked={caseIndex.value === index}
            onChange={() => pickCase(index)}
          />
          <span>
            <bdi>{c.name}</bdi>
            {live.value && index === newest.value && c.ended === "running" && <small> now</small>}
          </span>
        </label>
      ))}
    </fieldset>
  );
}

function Overview() {
  const { from, to } = span.value;
  const whole_ = whole.value.to;
  return (
    <svg class="overview" viewBox="0 0 1000 6" preserveAspectRatio="none" aria-hidden="true">
      <rect class="track" width="1000" height="6" />
      <rect
        class="window"
        x={(from / whole_) * 1000}
        width={((to - from) / whole_) * 1000}
        height="6"
      />
      <rect class="at" x={(at.value / whole_) * 1000 - 1.5} width="3" height="6" />
    </svg>
  );
}

function Time() {
  const { from, to } = span.value;
  const width = to - from;
  const slider = (event: Event) => {
    now.value = from + (Number((event.target as HTMLInputElement).value) / 1000) * width;
  };
  return (
    <div class="bar-row time" onKeyDown={timeKey}>
      <button type="button" class="play" onClick={toggle} aria-pressed={playing.value}>
        {playing.value ? "❚❚ pause" : "▶ play"}
      </button>
      <label>
        <span class="hidden">window in</span>
        <select
          value={secondsPerWindow.value}
          aria-label="How long playing the window takes"
          onKeyDown={(event) => event.stopPropagation()}
          onChange={(event) => (secondsPerWindow.value = Number(event.currentTarget.value))}
        >
          {[5, 15, 30, 60, 180].map((seconds) => (
            <option key={seconds} value={seconds}>
              in {seconds} s
            </option>
          ))}
        </select>
      </label>
      <div class="slide">
        <input
          type="range"
          min="0"
          max="1000"
          step="any"
          value={((at.value - from) / width) * 1000}
          onInput={slider}
          aria-label="Instant"
          aria-valuetext={instant(at.value, width)}
        />
        <Overview />
      </div>
      <output class="instant" aria-live="off">
        {instant(at.value, width)}
      </output>
      <span class="window-text">
        {zoomed.value ? `${instant(from, width)} – ${instant(to, width)}` : `all ${duration(to)}`}
      </span>
      <span class="buttons">
        <button
          type="button"
          onClick={() => zoomBy(2)}
          aria-label="Zoom out"
          disabled={!zoomed.value}
        >
          −
        </button>
        <button type="button" onClick={() => zoomBy(0.5)} aria-label="Zoom in">
          +
        </button>
        <button type="button" onClick={resetZoom} disabled={!zoomed.value}>
          all
        </button>
      </span>
    </div>
  );
}

export function TimeBar() {
  const cases = report.value?.cases.length ?? 0;
  const all = live.value ? [["parameters", "Parameters"], ...sections] : sections;
  return (
    <div class="bar" role="region" aria-label="Case and time">
      {live.value && <LiveBar />}
      {cases > 0 && (
        <>
          <div class="bar-row">
            <Cases />
            <nav aria-label="Sections">
              {all.map(([id, name]) => (
                <a key={id} href={`#${id}`}>
                  {name}
                </a>
              ))}
            </nav>
          </div>
          <Time />
        </>
      )}
    </div>
  );
}
