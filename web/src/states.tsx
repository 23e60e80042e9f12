// The state machine: the figure, the edges it has no room for, and who took the one that is chosen.
import { allRows, open } from "./connections.tsx";
import { edgeWords } from "./connection-filter.tsx";
import { count, number } from "./format.ts";
import type { Case, States } from "./model.ts";
import { Section } from "./section.tsx";
import { StateFigure } from "./state-figure.tsx";
import { current, edgeFilter } from "./store.ts";

const listed = 12;

function Elsewhere({ of, states }: { of: Case; states: States }) {
  const drawn = new Set(states.arrows.flatMap((arrow) => arrow.edges));
  const rest = of.transitions.filter(([edge]) => !drawn.has(edge) && states.edges[edge]);
  if (rest.length === 0) return null;
  return (
    <div class="elsewhere">
      <h3>Ends that may come from anywhere</h3>
      <ul>
        {rest.map(([edge, n]) => {
          const { from, to, cause } = states.edges[edge]!;
          const chosen = edgeFilter.value?.includes(edge) ?? false;
          return (
            <li key={edge}>
              <button
                type="button"
                aria-pressed={chosen}
                onClick={() => (edgeFilter.value = chosen ? null : [edge])}
              >
                {from} → {to}, {cause}: <b>{number(n)}</b>
              </button>
            </li>
          );
        })}
      </ul>
    </div>
  );
}

function Took() {
  const edges = edgeFilter.value;
  if (edges === null)
    return <p class="empty">Click an edge to list the connections that took it.</p>;
  const rows = allRows.value.filter((row) => edges.some((edge) => row.edges.has(edge)));
  return (
    <div class="took" aria-live="polite">
      <h3>{edgeWords(edges)}</h3>
      <p>
        {count(rows.length, "listed connection")} took it.{" "}
        <button type="button" class="link" onClick={() => (edgeFilter.value = null)}>
          clear
        </button>
      </p>
      <ol>
        {rows.slice(0, listed).map((row) => (
          <li key={row.connection.id} value={row.connection.id}>
            <button type="button" class="link" onClick={() => open(row.connection.id)}>
              <bdi>{row.client}</bdi> → <bdi>{row.server}</bdi>
            </button>{" "}
            <span class="soft">{row.connection.outcome}</span>
          </li>
        ))}
      </ol>
      {rows.length > listed && (
        <p>
          <a href="#connections">All {rows.length} in the table</a>
        </p>
      )}
    </div>
  );
}

export function StatesSection({ states }: { states: States }) {
  const c = current.value!;
  return (
    <Section
      id="states"
      title="State machine"
      hint="RFC 9293's figure, from the engine's own table. An edge is as thick as it was taken often; play moves the listed connections along it."
    >
      <div class="state-columns">
        <div class="scroll" tabIndex={0} role="region" aria-label="State diagram">
          <StateFigure of={c} states={states} />
        </div>
        <aside aria-label="Edges">
          <Took />
          <Elsewhere of={c} states={states} />
        </aside>
      </div>
    </Section>
  );
}
