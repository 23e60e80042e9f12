// What all sections share: the case, the window of time, the instant looked at, what is picked.
import { computed, signal } from "@preact/signals";
import type { Case, Report } from "./model.ts";

export interface Span {
  from: number;
  to: number;
}

export const report = signal<Report | null>(null);
export const caseIndex = signal(0);
export const current = computed<Case | null>(() => report.value?.cases[caseIndex.value] ?? null);

/** The whole of the current case; never empty, so that scales have a width. */
export const whole = computed<Span>(() => ({
  from: 0,
  to: Math.max(current.value?.simulated_seconds ?? 0, 1e-6),
}));

const zoom = signal<Span | null>(null);
export const span = computed<Span>(() => zoom.value ?? whole.value);
export const zoomed = computed(() => zoom.value !== null);

/** The instant under the pointer, of the slider, or that play has reached. */
export const now = signal<number | null>(null);

/** A run that may still go on: where no instant is picked, views stand at its newest. */
export const live = signal(false);
/** It goes on right now: the instant under a pointer is forgotten when the pointer leaves. */
export const moving = signal(false);
/** The case that runs; `held`: the reader looks at another one. */
export const newest = signal(0);
export const held = signal(false);

/** The instant that views show. */
export const at = computed(() => now.value ?? (live.value ? span.value.to : span.value.from));

/** Connections that took one of these edges; null: all. */
export const edgeFilter = signal<number[] | null>(null);
export const picked = signal<number | null>(null);

export function pickCase(index: number): void {
  caseIndex.value = index;
  held.value = index !== newest.value;
  picked.value = null;
  if (zoom.value && zoom.value.from >= whole.value.to) zoom.value = null;
  if (now.value !== null && now.value > whole.value.to) now.value = null;
}

export function zoomTo(from: number, to: number): void {
  const { from: least, to: most } = whole.value;
  const width = Math.max(Math.min(to - from, most - least), (most - least) * 1e-9);
  const start = Math.min(Math.max(from, least), most - width);
  zoom.value = width >= most - least ? null : { from: start, to: start + width };
}

export function resetZoom(): void {
  zoom.value = null;
}

export function zoomBy(factor: number): void {
  const { from, to } = span.value;
  const middle =
    now.value !== null && now.value >= from && now.value <= to ? now.value : (from + to) / 2;
  zoomTo(middle - (middle - from) * factor, middle + (to - middle) * factor);
}

export function pan(share: number): void {
  const { from, to } = span.value;
  const width = to - from;
  const start = Math.min(Math.max(from + share * width, whole.value.from), whole.value.to - width);
  if (zoom.value) zoom.value = { from: start, to: start + width };
}

/** The keys that every view with a time axis understands; true: it was one. */
export function timeKey(event: KeyboardEvent): boolean {
  if (event.ctrlKey || event.metaKey || event.altKey) return false;
  const { from, to } = span.value;
  const step = (to - from) / (event.shiftKey ? 10 : 100);
  const start = at.value;
  const move = (t: number) => {
    now.value = Math.min(Math.max(t, whole.value.from), whole.value.to);
    if (now.value < from) pan(-0.5);
    if (now.value > to) pan(0.5);
  };
  switch (event.key) {
    case "ArrowLeft":
      move(start - step);
      break;
    case "ArrowRight":
      move(start + step);
      break;
    case "Home":
      move(from);
      break;
    case "End":
      move(to);
      break;
    case "PageUp":
      pan(-0.5);
      break;
    case "PageDown":
      pan(0.5);
      break;
    case "+":
    case "=":
      zoomBy(0.5);
      break;
    case "-":
      zoomBy(2);
      break;
    case "0":
    case "Escape":
      resetZoom();
      break;
    default:
      return false;
  }
  event.preventDefault();
  return true;
}
