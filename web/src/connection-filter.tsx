// Which connections are listed: by words of their ends, outcome, state they were in, edge they took.
import type { Filter, Row } from "./connection-rows.ts";
import { count } from "./format.ts";
import { edgeFilter, report } from "./store.ts";

interface Props {
  rows: Row[];
  shown: number;
  filter: Filter;
  change: (next: Partial<Filter>) => void;
}

export function edgeWords(edges: number[]): string {
  const all = edges.flatMap((index) => report.value?.states.edges[index] ?? []);
  const first = all[0];
  return first ? `${first.from} → ${first.to} (${all.map((edge) => edge.cause).join("; ")})` : "?";
}

export function ConnectionFilter({ rows, shown, filter, change }: Props) {
  const outcomes = [...new Set(rows.map((row) => row.connection.outcome))].sort();
  const states = [...new Set(rows.flatMap((row) => [...row.states]))].sort();
  return (
    <form
      class="filter"
      role="search"
      aria-label="Connections"
      onSubmit={(event) => event.preventDefault()}
    >
      <label>
        peer{" "}
        <input
          type="search"
          value={filter.text}
          placeholder="name, address, port"
          onInput={(event) => change({ text: event.currentTarget.value })}
        />
      </label>
      <label>
        outcome{" "}
        <select
          value={filter.outcome}
          onChange={(event) => change({ outcome: event.currentTarget.value })}
        >
          <option value="">any</option>
          {outcomes.map((outcome) => (
            <option key={outcome}>{outcome}</option>
          ))}
        </select>
      </label>
      <label>
        was in{" "}
        <select
          value={filter.state}
          onChange={(event) => change({ state: event.currentTarget.value })}
        >
          <option value="">any state</option>
          {states.map((state) => (
            <option key={state}>{state}</option>
          ))}
        </select>
      </label>
      {filter.edges !== null && (
        <button type="button" class="chip" onClick={() => (edgeFilter.value = null)}>
          took {edgeWords(filter.edges)} <span aria-hidden="true">×</span>
          <span class="hidden">: list all again</span>
        </button>
      )}
      <output aria-live="polite">
        {shown === rows.length
          ? count(shown, "connection")
          : `${shown} of ${count(rows.length, "connection")}`}
      </output>
    </form>
  );
}
