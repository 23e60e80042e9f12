// From the report's series to uPlot's columns.
import uPlot from "uplot";

export interface Track {
  label: string;
  /** Colour and dash. */
  style: number;
  start: number;
  interval: number;
  low: (number | null)[];
  high: (number | null)[];
  mean: (number | null)[];
  limit: number | null;
}

/** Where the series' end ends, the last value still stands. */
export function indexAt(of: Pick<Track, "start" | "interval" | "mean">, time: number): number {
  const index = Math.floor((time - of.start) / of.interval + 1e-6);
  return index === of.mean.length ? index - 1 : index;
}

export function valueAt(track: Track, time: number): number | null {
  return track.mean[indexAt(track, time)] ?? null;
}

const times = (track: Track): number[] =>
  track.mean.map((_, i) => track.start + i * track.interval);

/** Columns: time, then low, high and mean of each track; times that differ are merged. */
export function align(tracks: Track[]): uPlot.AlignedData {
  if (tracks.length === 0) return [[]];
  const tables = tracks.map((track): uPlot.AlignedData => [
    times(track),
    track.low,
    track.high,
    track.mean,
  ]);
  const first = tracks[0]!;
  const same = tracks.every(
    (t) =>
      t.start === first.start &&
      t.interval === first.interval &&
      t.mean.length === first.mean.length,
  );
  if (!same) return uPlot.join(tables);
  return [tables[0]![0], ...tables.flatMap((table) => table.slice(1))] as uPlot.AlignedData;
}

/** Columns: time, then for each track the sum of it and those before it. */
export function stack(tracks: Track[]): uPlot.AlignedData {
  if (tracks.length === 0) return [[]];
  const merged = align(tracks);
  const sums = new Array<number>(merged[0].length).fill(0);
  const columns = tracks.map((_, index) => {
    const means = merged[index * 3 + 3]!;
    return sums.map((sum, i) => (sums[i] = sum + (means[i] ?? 0)));
  });
  return [merged[0], ...columns] as uPlot.AlignedData;
}
