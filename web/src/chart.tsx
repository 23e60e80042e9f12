// One chart over the shared time axis, drawn by uPlot: lines with the least and most of each
// interval as a band, or areas stacked; limits as dashed lines.
import { effect, useSignal } from "@preact/signals";
import { useEffect, useMemo, useRef } from "preact/hooks";
import uPlot from "uplot";
import { chartOptions } from "./chart-options.ts";
import type { Track } from "./chart-data.ts";
import { align, stack, valueAt } from "./chart-data.ts";
import { scheme } from "./colours.ts";
import { instant, measure } from "./format.ts";
import { pointerLeft } from "./play.ts";
import { Swatch } from "./swatch.tsx";
import { at, now, resetZoom, span, timeKey, zoomTo } from "./store.ts";

export interface ChartProps {
  title: string;
  unit: string;
  tracks: Track[];
  stacked?: boolean;
  height?: number;
}

const columns = (tracks: Track[], stacked: boolean) => (stacked ? stack(tracks) : align(tracks));

export function Chart({ title, unit, tracks, stacked = false, height = 150 }: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const hidden = useSignal<ReadonlySet<number>>(new Set());
  const shown = useMemo(
    () => tracks.filter((_, index) => !hidden.value.has(index)),
    [tracks, hidden.value],
  );
  const newest = useRef(shown);
  newest.current = shown;
  const drawn = useRef<{ plot: uPlot; of: Track[] } | null>(null);
  // A chart of other lines is another chart; that of the same lines gets new values.
  const lines = JSON.stringify(shown.map((track) => [track.label, track.style]));

  useEffect(() => {
    const element = place.current!;
    let plot: uPlot | null = null;
    const draw = () => {
      plot?.destroy();
      const { current } = newest;
      const options = chartOptions({
        tracks: current,
        newest: () => newest.current,
        unit,
        stacked,
        width: element.clientWidth || 600,
        height,
      });
      plot = new uPlot(
        {
          ...options,
          hooks: {
            ...options.hooks,
            setSelect: [
              (u) => {
                if (u.select.width > 4)
                  zoomTo(
                    u.posToVal(u.select.left, "x"),
                    u.posToVal(u.select.left + u.select.width, "x"),
                  );
                u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
              },
            ],
          },
        },
        columns(current, stacked),
        element,
      );
      drawn.current = { plot, of: current };
      const { over } = plot;
      // Not uPlot's own hook: it is called as well when the scale moves under a cursor that rests.
      over.addEventListener("pointermove", (event) => {
        const left = event.clientX - over.getBoundingClientRect().left;
        if (plot) now.value = plot.posToVal(left, "x");
      });
      over.addEventListener("dblclick", resetZoom);
      over.addEventListener("pointerleave", () => {
        pointerLeft();
        queueMicrotask(mark);
      });
    };
    const mark = () => {
      if (!plot) return;
      const time = now.peek();
      const left = time === null ? -10 : plot.valToPos(time, "x");
      plot.setCursor({ left, top: 0 }, false);
    };
    const stops = [
      effect(() => {
        scheme.value;
        draw();
      }),
      effect(() => {
        plot?.setScale("x", { min: span.value.from, max: span.value.to });
        mark();
      }),
      effect(() => {
        now.value;
        mark();
      }),
    ];
    const sizes = new ResizeObserver(() => {
      const width = element.clientWidth;
      if (plot && width > 0 && width !== plot.width) plot.setSize({ width, height });
      mark();
    });
    sizes.observe(element);
    return () => {
      sizes.disconnect();
      stops.forEach((stop) => stop());
      plot?.destroy();
      drawn.current = null;
    };
  }, [lines, unit, stacked, height]);

  useEffect(() => {
    if (!drawn.current || drawn.current.of === shown) return;
    drawn.current.of = shown;
    drawn.current.plot.setData(columns(shown, stacked));
  }, [shown]);

  const toggle = (index: number) => {
    const next = new Set(hidden.value);
    if (!next.delete(index)) next.add(index);
    hidden.value = next;
  };
  return (
    <figure class="chart">
      <figcaption>{title}</figcaption>
      <div
        ref={place}
        class="plot"
        tabIndex={0}
        role="slider"
        aria-label={`${title}, over time`}
        aria-orientation="horizontal"
        aria-valuemin={span.value.from}
        aria-valuemax={span.value.to}
        aria-valuenow={at.value}
        aria-valuetext={`${instant(at.value, span.value.to - span.value.from)}: ${tracks
          .slice(0, 6)
          .map((track) => `${track.label} ${measure(valueAt(track, at.value), unit)}`)
          .join(", ")}`}
        onKeyDown={timeKey}
      />
      <ul class="legend">
        {tracks.map((track, index) => (
          <li key={index}>
            <button
              type="button"
              aria-pressed={!hidden.value.has(index)}
              onClick={() => toggle(index)}
              title="show or hide"
            >
              <Swatch index={track.style} filled={stacked} />
              <bdi>{track.label}</bdi> <output>{measure(valueAt(track, at.value), unit)}</output>
            </button>
          </li>
        ))}
      </ul>
    </figure>
  );
}
