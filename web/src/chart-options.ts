// How uPlot draws a chart: axes, lines, bands, stacked areas and limits, in the page's colours.
import uPlot from "uplot";
import type { Track } from "./chart-data.ts";
import { colour, dash, lineColour } from "./colours.ts";
import { brief, percent } from "./format.ts";
import { span } from "./store.ts";

interface Wanted {
  tracks: Track[];
  /** The same tracks as they are now: values may be added to a chart that is drawn. */
  newest: () => Track[];
  unit: string;
  stacked: boolean;
  width: number;
  height: number;
}

const font = '12px system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif';

/** A fill that is told from its neighbours without its colour. */
function hatched(name: string, index: number): CanvasPattern | string {
  const size = 8;
  const tile = document.createElement("canvas");
  tile.width = tile.height = size;
  const pen = tile.getContext("2d");
  if (!pen) return colour(name);
  pen.fillStyle = colour(name);
  pen.globalAlpha = 0.75;
  pen.fillRect(0, 0, size, size);
  pen.globalAlpha = 0.55;
  pen.strokeStyle = colour("paper");
  pen.lineWidth = 1.5;
  pen.beginPath();
  const way = index % 4;
  if (way === 1 || way === 3) {
    pen.moveTo(0, size);
    pen.lineTo(size, 0);
  }
  if (way === 2 || way === 3) {
    pen.moveTo(0, 0);
    pen.lineTo(size, size);
  }
  pen.stroke();
  return pen.createPattern(tile, "repeat") ?? colour(name);
}

/** The limits worth a line: those not so far above the data that it would lie flat. */
function limitsOf(tracks: Track[], most: number): { drawn: number[]; above: number[] } {
  const limits = [
    ...new Set(tracks.flatMap((track) => (track.limit === null ? [] : [track.limit]))),
  ];
  return {
    drawn: limits.filter((limit) => limit <= most * 20 || limit <= 200),
    above: limits.filter((limit) => limit > most * 20 && limit > 200),
  };
}

/** The highest of all values, worked out once for each set of tracks. */
function peak(newest: () => Track[]): () => number {
  let of: Track[] | null = null;
  let most = 0;
  return () => {
    if (of !== newest()) {
      of = newest();
      most = 0;
      for (const track of of)
        for (const value of track.high) if (value !== null && value > most) most = value;
    }
    return most;
  };
}

function drawLimits(u: uPlot, tracks: Track[], most: number): void {
  const { drawn, above } = limitsOf(tracks, most);
  const pen = u.ctx;
  const ratio = uPlot.pxRatio;
  pen.save();
  pen.font = `${12 * ratio}px system-ui, sans-serif`;
  pen.strokeStyle = pen.fillStyle = colour("ink");
  pen.lineWidth = 1.25 * ratio;
  pen.setLineDash([4 * ratio, 3 * ratio]);
  pen.textAlign = "right";
  pen.textBaseline = "bottom";
  const right = u.bbox.left + u.bbox.width;
  for (const limit of drawn) {
    const y = u.valToPos(limit, "y", true);
    pen.beginPath();
    pen.moveTo(u.bbox.left, y);
    pen.lineTo(right, y);
    pen.stroke();
    pen.fillText(`limit ${limit}`, right - 4 * ratio, y - 2 * ratio);
  }
  pen.textBaseline = "top";
  if (above.length > 0)
    pen.fillText(
      `limit ${above.join(", ")}: above this chart`,
      right - 4 * ratio,
      u.bbox.top + 2 * ratio,
    );
  pen.restore();
}

function lines(tracks: Track[]): { series: uPlot.Series[]; bands: uPlot.Band[] } {
  const series = tracks.flatMap((track): uPlot.Series[] => {
    const stroke = colour(lineColour(track.style));
    const edge: uPlot.Series = { stroke: "transparent", width: 0, points: { show: false } };
    return [
      edge,
      edge,
      { label: track.label, stroke, width: 1.75, dash: dash(track.style), points: { show: false } },
    ];
  });
  const bands = tracks.map((track, i): uPlot.Band => ({
    series: [i * 3 + 2, i * 3 + 1],
    fill: `color-mix(in srgb, ${colour(lineColour(track.style))} 22%, transparent)`,
  }));
  return { series, bands };
}

function areas(tracks: Track[]): { series: uPlot.Series[]; bands: uPlot.Band[] } {
  const series = tracks.map((track): uPlot.Series => ({
    label: track.label,
    stroke: colour(lineColour(track.style)),
    width: 1,
    fill: hatched(lineColour(track.style), track.style) as string,
    paths: uPlot.paths.stepped!({ align: 1 }),
    points: { show: false },
  }));
  const bands = tracks.slice(1).map((_, i): uPlot.Band => ({ series: [i + 2, i + 1] }));
  return { series, bands };
}

export function chartOptions({
  tracks,
  newest,
  unit,
  stacked,
  width,
  height,
}: Wanted): uPlot.Options {
  const { series, bands } = (stacked ? areas : lines)(tracks);
  const axis = {
    stroke: colour("soft"),
    font,
    grid: { stroke: colour("grid"), width: 1 },
    ticks: { stroke: colour("grid"), width: 1, size: 4 },
  };
  const most = peak(newest);
  return {
    width,
    height,
    padding: [10, 12, 0, 0],
    legend: { show: false },
    cursor: {
      y: false,
      drag: { x: true, y: false, setScale: false },
      points: { show: !stacked, size: 6 },
    },
    scales: {
      x: { time: false, range: () => [span.peek().from, span.peek().to] },
      y: {
        range: (_, low, high) => {
          const top = Math.max(high ?? 0, ...limitsOf(newest(), most()).drawn, 1e-9);
          return [
            Math.min(0, low ?? 0),
            unit === "share" && top > 0.6 ? Math.max(1.04, top) : top * 1.12,
          ];
        },
      },
    },
    axes: [
      {
        ...axis,
        size: 26,
        space: 70,
        values: (_, ticks) => ticks.map((tick) => timeTick(tick, ticks)),
      },
      {
        ...axis,
        size: 58,
        space: 28,
        values: (_, ticks) => ticks.map((tick) => (unit === "share" ? percent(tick) : brief(tick))),
      },
    ],
    series: [{}, ...series],
    bands,
    hooks: { draw: [(u) => drawLimits(u, newest(), most())] },
  };
}

function timeTick(tick: number, ticks: number[]): string {
  const step = (ticks[1] ?? tick + 1) - (ticks[0] ?? tick);
  const digits = Math.max(0, Math.min(9, -Math.floor(Math.log10(step) + 1e-9)));
  return `${tick.toFixed(digits)} s`;
}
