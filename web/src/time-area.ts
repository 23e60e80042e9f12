// Makes an SVG a view of the shared time axis: hover moves the instant, dragging zooms, a double
// click shows the whole run again, the keys are store's.
import { computed, signal, type Signal } from "@preact/signals";
import { useMemo } from "preact/hooks";
import { pointerLeft } from "./play.ts";
import { now, resetZoom, span, timeKey, zoomTo } from "./store.ts";

export interface Area {
  /** Of the plot, in units of the SVG's viewBox. */
  left: number;
  width: number;
  total: number;
}

export interface TimeArea {
  x: (time: number) => number;
  cursor: Signal<number>;
  brush: Signal<{ x: number; width: number } | null>;
  handlers: Record<string, (event: never) => void>;
}

export function timeX(area: Area, time: number): number {
  const { from, to } = span.value;
  return area.left + ((time - from) / (to - from)) * area.width;
}

export function useTimeArea(area: Area): TimeArea {
  return useMemo(() => {
    const begin = signal<number | null>(null);
    const end = signal<number | null>(null);
    const timeOf = (event: PointerEvent): number => {
      const box = (event.currentTarget as Element).getBoundingClientRect();
      const x = ((event.clientX - box.left) / box.width) * area.total;
      const share = Math.min(Math.max((x - area.left) / area.width, 0), 1);
      return span.value.from + share * (span.value.to - span.value.from);
    };
    const finish = (event: PointerEvent) => {
      const [a, b] = [begin.value, timeOf(event)];
      begin.value = end.value = null;
      if (a !== null && Math.abs(timeX(area, b) - timeX(area, a)) > area.total / 100)
        zoomTo(Math.min(a, b), Math.max(a, b));
    };
    return {
      x: (time: number) => timeX(area, time),
      cursor: computed(() => {
        const x = now.value === null ? -9 : timeX(area, now.value);
        return x < area.left || x > area.left + area.width ? -9 : x;
      }),
      brush: computed(() => {
        if (begin.value === null || end.value === null) return null;
        const [a, b] = [timeX(area, begin.value), timeX(area, end.value)];
        return { x: Math.min(a, b), width: Math.abs(b - a) };
      }),
      handlers: {
        onPointerMove: (event: PointerEvent) => {
          now.value = timeOf(event);
          if (begin.value !== null) end.value = now.value;
        },
        onPointerDown: (event: PointerEvent) => {
          if (event.button !== 0 || event.pointerType === "touch") return;
          (event.currentTarget as Element).setPointerCapture(event.pointerId);
          begin.value = end.value = timeOf(event);
        },
        onPointerUp: finish,
        onPointerCancel: () => {
          begin.value = end.value = null;
        },
        onPointerLeave: pointerLeft,
        onDblClick: () => resetZoom(),
        onKeyDown: (event: KeyboardEvent) => void timeKey(event),
      },
    };
  }, [area.left, area.width, area.total]);
}
