// The states of a connection's two ends as bars over the shared time axis: upper, who sent first.
import { family } from "./colours.ts";
import { duration } from "./format.ts";
import type { Connection } from "./model.ts";
import { span } from "./store.ts";
import { useTimeArea } from "./time-area.ts";

const [width, height] = [400, 22];
const plot = { left: 0, width, total: width };

interface Bar {
  end: number;
  state: string;
  from: number;
  to: number;
}

/** CLOSED is drawn as nothing, LISTEN too: a connection has not begun there. */
export function barsOf(connection: Connection, until: number): Bar[] {
  const bars: Bar[] = [];
  for (const end of [0, 1]) {
    const changes = connection.states.filter((change) => change[0] === end);
    changes.forEach(([, time, , to], i) => {
      if (to !== "CLOSED" && to !== "LISTEN")
        bars.push({ end, state: to, from: time, to: changes[i + 1]?.[1] ?? until });
    });
  }
  return bars;
}

export function Gantt({ connection, until }: { connection: Connection; until: number }) {
  const time = useTimeArea(plot);
  const { from, to } = span.value;
  const brush = time.brush.value;
  return (
    <svg
      class="gantt timed"
      viewBox={`0 0 ${width} ${height}`}
      preserveAspectRatio="none"
      aria-hidden="true"
      {...time.handlers}
    >
      <rect class="rail" width={width} height={height} />
      {barsOf(connection, until)
        .filter((bar) => bar.to >= from && bar.from <= to)
        .map((bar, i) => {
          const x = Math.max(0, time.x(bar.from));
          const w = Math.max(1.5, Math.min(width, time.x(bar.to)) - x);
          return (
            <rect
              key={i}
              class={`state ${family(bar.state)}`}
              x={x}
              width={w}
              y={bar.end === 0 ? 1.5 : 11.5}
              height="9"
            >
              <title>{`${bar.state} for ${duration(bar.to - bar.from)}`}</title>
            </rect>
          );
        })}
      {brush && <rect class="brush" x={brush.x} width={brush.width} y="0" height={height} />}
      <line class="now" x1={time.cursor} x2={time.cursor} y1="0" y2={height} />
    </svg>
  );
}
