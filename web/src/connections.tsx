// Connections: a table to sort and filter, each row with its states over time; one opens its ladder.
import { computed, signal } from "@preact/signals";
import { type Column, type Filter, filtered, type Row, rowsOf, sorted } from "./connection-rows.ts";
import { ConnectionFilter } from "./connection-filter.tsx";
import { duration, number } from "./format.ts";
import { Gantt } from "./gantt.tsx";
import { Ladder } from "./ladder.tsx";
import { Section } from "./section.tsx";
import { StateLegend } from "./state-legend.tsx";
import { current, edgeFilter, picked, whole } from "./store.ts";

const pageRows = 20;

const typed = signal<Omit<Filter, "edges">>({ text: "", outcome: "", state: "" });
const order = signal<{ column: Column; descending: boolean }>({ column: "id", descending: false });
const page = signal(0);

export const allRows = computed(() => (current.value ? rowsOf(current.value) : []));
const filter = computed<Filter>(() => ({ ...typed.value, edges: edgeFilter.value }));
const rows = computed(() =>
  sorted(filtered(allRows.value, filter.value), order.value.column, order.value.descending),
);
const pages = computed(() => Math.max(1, Math.ceil(rows.value.length / pageRows)));
const pageShown = computed(() => Math.min(page.value, pages.value - 1));

const columns: [Column, string, string][] = [
  ["id", "#", "number"],
  ["client", "sent first", ""],
  ["server", "peer", ""],
  ["outcome", "outcome", ""],
  ["start", "begins", "number"],
  ["length", "lasts", "number"],
  ["segments", "segments", "number"],
  ["again", "again", "number"],
  ["drops", "dropped", "number"],
];

function Head({ column, label, kind }: { column: Column; label: string; kind: string }) {
  const { column: by, descending } = order.value;
  const mine = by === column;
  return (
    <th
      scope="col"
      class={kind}
      aria-sort={mine ? (descending ? "descending" : "ascending") : "none"}
    >
      <button
        type="button"
        onClick={() => (order.value = { column, descending: mine && !descending })}
      >
        {label}
        <span aria-hidden="true" class="sorted">
          {mine ? (descending ? "▼" : "▲") : ""}
        </span>
      </button>
    </th>
  );
}

export function open(id: number): void {
  picked.value = id;
  requestAnimationFrame(() => document.getElementById("ladder")?.focus());
}

function Peer({ row, end }: { row: Row; end: 0 | 1 }) {
  const { node, endpoint } = row.connection.ends[end];
  const name = node === null ? undefined : current.value?.nodes[node]?.name;
  return (
    <td
      class="peer"
      onClick={() => open(row.connection.id)}
      title={end === 0 ? row.client : row.server}
    >
      {name !== undefined && <bdi>{name}</bdi>}{" "}
      <span class={name === undefined ? "" : "soft"}>{endpoint}</span>
    </td>
  );
}

function Line({ row }: { row: Row }) {
  const { connection } = row;
  const { outcome } = connection;
  return (
    <tr class={picked.value === connection.id ? "picked" : ""}>
      <td class="number">
        <button
          type="button"
          class="opener"
          onClick={() => open(connection.id)}
          aria-label={`Ladder of connection ${connection.id}`}
        >
          {connection.id}
        </button>
      </td>
      {([0, 1] as const).map((end) => (
        <Peer key={end} row={row} end={end} />
      ))}
      <td class={`outcome ${outcome.replaceAll(" ", "-")}`}>{outcome}</td>
      <td class="number">{duration(row.start)}</td>
      <td class="number">{duration(row.end - row.start)}</td>
      <td class="number">{number(row.segments)}</td>
      <td class="number">{row.again > 0 ? `↻ ${row.again}` : ""}</td>
      <td class="number">{row.drops > 0 ? `× ${row.drops}` : ""}</td>
      <td class="over-time">
        <Gantt connection={connection} until={whole.value.to} />
      </td>
    </tr>
  );
}

function Pager() {
  if (pages.value < 2) return null;
  const turn = (by: number) =>
    (page.value = Math.min(Math.max(pageShown.value + by, 0), pages.value - 1));
  return (
    <p class="pager">
      <button type="button" onClick={() => turn(-1)} disabled={pageShown.value === 0}>
        ← before
      </button>
      <span>
        page {pageShown.value + 1} of {pages.value}
      </span>
      <button type="button" onClick={() => turn(1)} disabled={pageShown.value === pages.value - 1}>
        next →
      </button>
    </p>
  );
}

export function ConnectionsSection() {
  const c = current.value!;
  const chosen = c.connections.find((connection) => connection.id === picked.value);
  const shown = rows.value.slice(pageShown.value * pageRows, (pageShown.value + 1) * pageRows);
  return (
    <Section
      id="connections"
      title="Connections"
      hint="A row opens its ladder. The bars are the states of both ends, upper: who sent first."
    >
      {c.connections_total > c.connections.length && (
        <p class="note">
          {number(c.connections.length)} of {number(c.connections_total)} connections are listed.
        </p>
      )}
      {c.half_open_from > 0 && (
        <p class="soft">
          Spoofed SYNs came from {number(c.half_open_from)} addresses that are no node of this
          network.
        </p>
      )}
      {c.connections.length === 0 ? (
        <p class="empty">This case made no connection.</p>
      ) : (
        <>
          <ConnectionFilter
            rows={allRows.value}
            shown={rows.value.length}
            filter={filter.value}
            change={(next) => {
              typed.value = { ...typed.value, ...next };
              page.value = 0;
            }}
          />
          <StateLegend />
          <div class="scroll" tabIndex={0} role="region" aria-label="Connections">
            <table class="connections">
              <thead>
                <tr>
                  {columns.map(([column, label, kind]) => (
                    <Head key={column} column={column} label={label} kind={kind} />
                  ))}
                  <th scope="col" class="over-time">
                    states over time
                  </th>
                </tr>
              </thead>
              <tbody>
                {shown.map((row) => (
                  <Line key={row.connection.id} row={row} />
                ))}
              </tbody>
            </table>
          </div>
          {shown.length === 0 && <p class="empty">No connection is like that.</p>}
          <Pager />
        </>
      )}
      {chosen && <Ladder key={`${c.name} ${chosen.id}`} of={c} connection={chosen} />}
    </Section>
  );
}
