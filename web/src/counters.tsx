// Counters of a host as nstat names them: a column per case, what counted first, each in words.
import { signal } from "@preact/signals";
import { number } from "./format.ts";
import type { Report } from "./model.ts";
import { Section } from "./section.tsx";
import { caseIndex, current } from "./store.ts";

const host = signal<string | null>(null);
const typed = signal("");

interface Row {
  name: string;
  words: string;
  values: (number | null)[];
}

function rowsOf(report: Report, name: string): Row[] {
  const columns = report.cases.map((c) => {
    const node = c.nodes.findIndex((candidate) => candidate.name === name);
    const counters = c.counters.find((candidate) => candidate.node === node);
    return counters ? new Map(counters.values) : null;
  });
  const names = new Set(columns.flatMap((column) => (column ? [...column.keys()] : [])));
  return [...names].map((counter) => ({
    name: counter,
    words: report.words.counters[counter] ?? "",
    values: columns.map((column) => (column ? (column.get(counter) ?? 0) : null)),
  }));
}

/** What counted in this case first, then what only others have; nstat's order within. */
const byChange = (index: number) => (a: Row, b: Row) =>
  Number(!a.values[index]) - Number(!b.values[index]);

export function CountersSection({ report }: { report: Report }) {
  const c = current.value!;
  const names = c.counters.flatMap(({ node }) => c.nodes[node]?.name ?? []);
  const chosen = host.value !== null && names.includes(host.value) ? host.value : names[0];
  const index = caseIndex.value;
  const words = typed.value.toLowerCase();
  const rows =
    chosen === undefined
      ? []
      : rowsOf(report, chosen)
          .filter((row) => `${row.name} ${row.words}`.toLowerCase().includes(words))
          .sort(byChange(index));
  return (
    <Section
      id="counters"
      title="Counters"
      hint="What nstat -az would show, less what stayed 0 in every case."
    >
      {chosen === undefined ? (
        <p class="empty">No counter of this case changed.</p>
      ) : (
        <>
          <form class="filter" onSubmit={(event) => event.preventDefault()}>
            <label>
              host{" "}
              <select value={chosen} onChange={(event) => (host.value = event.currentTarget.value)}>
                {names.map((name) => (
                  <option key={name}>{name}</option>
                ))}
              </select>
            </label>
            <label>
              counter{" "}
              <input
                type="search"
                placeholder="name or words"
                value={typed.value}
                onInput={(event) => (typed.value = event.currentTarget.value)}
              />
            </label>
          </form>
          <div class="scroll" tabIndex={0} role="region" aria-label="Counters">
            <table class="counters">
              <thead>
                <tr>
                  <th scope="col">counter</th>
                  {report.cases.map((other, i) => (
                    <th scope="col" key={i} class={`number ${i === index ? "current" : ""}`}>
                      <bdi>{report.cases.length > 1 ? other.name : "value"}</bdi>
                    </th>
                  ))}
                  <th scope="col">meaning</th>
                </tr>
              </thead>
              <tbody>
                {rows.map((row) => (
                  <tr key={row.name} class={row.values[index] ? "" : "unchanged"}>
                    <th scope="row">
                      <code>{row.name}</code>
                    </th>
                    {row.values.map((value, i) => (
                      <td key={i} class={`number ${i === index ? "current" : ""}`}>
                        {number(value)}
                      </td>
                    ))}
                    <td>{row.words}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </>
      )}
    </Section>
  );
}
