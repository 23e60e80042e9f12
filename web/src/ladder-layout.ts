// Where everything of a ladder stands: time runs down, but what happens at once is moved apart and
// long silences are cut, so that each line can be read.
import { count, duration } from "./format.ts";
import type { Connection, Segment } from "./model.ts";

export interface Arrow {
  segment: Segment;
  index: number;
  from: number;
  to: number;
}

export interface Mark {
  y: number;
  end: 0 | 1;
  time: number;
  text: string;
}

export interface Bar {
  end: 0 | 1;
  state: string;
  y: number;
  height: number;
}

/** Where the ladder is cut: by a silence, or by segments that are not listed. */
export interface Break {
  y: number;
  text: string;
}

export interface Tick {
  y: number;
  time: number;
}

export interface Layout {
  arrows: Arrow[];
  calls: Mark[];
  changes: Mark[];
  bars: Bar[];
  breaks: Break[];
  ticks: Tick[];
  height: number;
}

interface Event {
  time: number;
  rank: number; // at one instant: what arrives, what it changes, what the process does, what is sent
  room: number;
  first?: boolean; // after what is left out
  place: (y: number) => void;
}

const top = 60;
const breakRoom = 34;
const stepMax = 70; // what a step of time is drawn as, at most
const sentRoom = 22;
const same = 1e-9; // seconds: simulated time counts nanoseconds

export function layOut(connection: Connection): Layout {
  const events: Event[] = [];
  const arrows: Arrow[] = [];
  const marks = { calls: [] as Mark[], changes: [] as Mark[] };
  const out: Layout = { arrows, ...marks, bars: [], breaks: [], ticks: [], height: top };

  connection.segments.forEach((segment, index) => {
    const arrow: Arrow = { segment, index, from: 0, to: 0 };
    arrows.push(arrow);
    events.push({
      time: segment.sent,
      rank: 3,
      room: sentRoom,
      first: index > 0 && index === connection.segments_first,
      place: (y) => (arrow.from = y),
    });
    if (segment.seen !== null)
      events.push({ time: segment.seen, rank: 0, room: 10, place: (y) => (arrow.to = y) });
  });
  for (const [end, time, , to] of connection.states) {
    if (end !== 0 && end !== 1) continue;
    const mark: Mark = { y: 0, end, time, text: to };
    marks.changes.push(mark);
    events.push({ time, rank: 1, room: 16, place: (y) => (mark.y = y) });
  }
  for (const [end, time, text] of connection.calls) {
    if (end !== 0 && end !== 1) continue;
    const mark: Mark = { y: 0, end, time, text };
    marks.calls.push(mark);
    events.push({ time, rank: 2, room: 18, place: (y) => (mark.y = y) });
  }
  // The sort is stable: what was written first stays first.
  events.sort((a, b) => a.time - b.time || a.rank - b.rank);

  const typical = typicalGap(events);
  let y = top;
  let last: Event | null = null;
  for (const event of events) {
    const gap = last === null ? 0 : event.time - last.time;
    const left_out = event.first ? connection.segments_total - connection.segments.length : 0;
    if (left_out > 0) {
      out.breaks.push({ y: y + breakRoom / 2 + 4, text: `${count(left_out, "segment")} left out` });
      y += breakRoom + 12;
    } else if (
      last !== null &&
      gap > typical * 12 &&
      gap > same &&
      !underWay(connection, last.time, event.time)
    ) {
      out.breaks.push({ y: y + breakRoom / 2 + 4, text: `${duration(gap)} of silence` });
      y += breakRoom + 12;
    } else {
      // Arrows that arrive together stay as far apart as those sent together.
      const both = event.rank === 0 && last?.rank === 0;
      y +=
        (both ? sentRoom : event.room) +
        (gap > 0 && typical > 0 ? Math.min(stepMax, 14 * Math.log2(1 + gap / typical)) : 0);
    }
    event.place(y);
    if (last === null || gap > same) out.ticks.push({ y, time: event.time });
    last = event;
  }
  out.height = y + 36;
  for (const arrow of arrows) if (arrow.segment.seen === null) arrow.to = arrow.from + sentRoom;
  out.bars = barsOf(connection, marks.changes, out.height);
  return out;
}

/** Whether a segment is between the ends all that time: it is no silence then. */
function underWay(connection: Connection, from: number, to: number): boolean {
  return connection.segments.some(
    ({ sent, seen }) => sent <= from + same && seen !== null && seen >= to - same,
  );
}

/** The middle of the steps of time between events; steps of nothing left out. */
function typicalGap(events: Event[]): number {
  const gaps = events
    .map((event, i) => event.time - (events[i - 1]?.time ?? event.time))
    .filter((gap) => gap > same)
    .sort((a, b) => a - b);
  return gaps[Math.floor(gaps.length / 2)] ?? 0;
}

function barsOf(connection: Connection, changes: Mark[], height: number): Bar[] {
  const bars: Bar[] = [];
  for (const end of [0, 1] as const) {
    const mine = changes.filter((change) => change.end === end);
    const first = connection.states.find((change) => change[0] === end)?.[2];
    let state = first ?? "";
    let y = top - 16;
    for (const change of mine) {
      bars.push({ end, state, y, height: change.y - y });
      state = change.text;
      y = change.y;
    }
    if (state !== "") bars.push({ end, state, y, height: height - 12 - y });
  }
  return bars;
}
