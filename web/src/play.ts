// Time as it runs: the whole window in so many real seconds. Zooming in is slow motion.
import { effect, signal } from "@preact/signals";
import { moving, now, span } from "./store.ts";

export const playing = signal(false);
export const secondsPerWindow = signal(30);

export function toggle(): void {
  const { from, to } = span.value;
  if (!playing.value && (now.value === null || now.value >= to || now.value < from))
    now.value = from;
  playing.value = !playing.value;
}

/** Of a run that goes on, the newest instant is shown again. */
export function pointerLeft(): void {
  if (moving.value && !playing.value) now.value = null;
}

effect(() => {
  if (!playing.value) return;
  let last: number | null = null;
  let frame = 0;
  const step = (time: number) => {
    const { from, to } = span.peek();
    const passed = last === null ? 0 : (time - last) / 1000;
    last = time;
    const next = (now.peek() ?? from) + (passed * (to - from)) / secondsPerWindow.peek();
    now.value = Math.min(next, to);
    if (next >= to) playing.value = false;
    else frame = requestAnimationFrame(step);
  };
  frame = requestAnimationFrame(step);
  return () => cancelAnimationFrame(frame);
});
