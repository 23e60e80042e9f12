// What ran, with which parameters, and how it went.
import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { count, duration, number } from "./format.ts";
import { script } from "./live.ts";
import type { Report } from "./model.ts";
import { ParameterForm } from "./parameter-form.tsx";
import { live } from "./store.ts";

function Command({ text }: { text: string }) {
  const code = useRef<HTMLElement>(null);
  const done = useSignal<{ text: string; words: string } | null>(null);
  const copy = async () => {
    let words = "copied";
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      getSelection()?.selectAllChildren(code.current!); // no right to the clipboard
      words = "selected";
    }
    done.value = { text, words };
  };
  return (
    <p class="command">
      <code ref={code}>{text}</code>
      <button type="button" onClick={copy}>
        {done.value?.text === text ? done.value.words : "copy"}
      </button>
    </p>
  );
}

function Parameters({ report }: { report: Report }) {
  const { parameters, settings } = report.run;
  if (parameters.length === 0 && settings.length === 0) return null;
  const changed = parameters.filter((p) => p.value !== p.default).length + settings.length;
  return (
    <details class="parameters" open={changed > 0}>
      <summary>
        {count(parameters.length, "parameter")}
        {changed > 0 ? `, ${changed} set for this run` : ", all as the script has them"}
      </summary>
      <table>
        <thead>
          <tr>
            <th scope="col">parameter</th>
            <th scope="col">value</th>
            <th scope="col">default</th>
            <th scope="col">meaning</th>
          </tr>
        </thead>
        <tbody>
          {parameters.map((p) => (
            <tr key={p.name} class={p.value === p.default ? "" : "changed"}>
              <th scope="row">
                <code>{p.name}</code>
              </th>
              <td>
                <code>{p.value}</code>
                {p.value !== p.default && <span class="mark"> set</span>}
              </td>
              <td>
                <code>{p.default}</code>
              </td>
              <td>{p.help}</td>
            </tr>
          ))}
          {settings.map((setting) => (
            <tr key={setting} class="changed">
              <td colSpan={4}>
                <code>{setting}</code>
                <span class="mark"> set</span>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  );
}

/** Of a run that has told nothing of itself yet. */
export function LiveHeader() {
  return (
    <header class="page-head">
      <p class="brand">netsim, live</p>
      <h1>
        <bdi>{script.value}</bdi>
      </h1>
    </header>
  );
}

/** Of 64 bits, of which a number of JavaScript keeps 53. */
const seedOf = (run: Report["run"]): string =>
  /--seed[ =](\d+)/.exec(run.command)?.[1] ?? String(run.seed);

export function Header({ report }: { report: Report }) {
  const { run } = report;
  const failed = report.expectations.filter((expectation) => !expectation.ok).length;
  const facts: [string, string][] = [
    ["simulated", duration(run.simulated_seconds)],
    ["events", number(run.events)],
    ["handshakes", number(run.handshakes)],
    ["seed", seedOf(run)],
    ["digest", run.digest],
  ];
  return (
    <header class="page-head">
      <p class="brand">{live.value ? "netsim, live" : "netsim report"}</p>
      <h1>
        <bdi>{run.script}</bdi>
      </h1>
      <Command text={run.command} />
      <dl class="facts">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
        {report.expectations.length > 0 && (
          <div>
            <dt>expectations</dt>
            <dd class={failed ? "bad" : "good"}>
              <a href="#script">
                {failed
                  ? `✗ ${failed} of ${report.expectations.length} failed`
                  : `✓ all ${report.expectations.length} hold`}
              </a>
            </dd>
          </div>
        )}
      </dl>
      {run.failure && (
        <div class="failure" role="alert">
          <strong>✗ The run ended here: </strong>
          <span>{run.failure.message}</span>
          {run.failure.place && <code> {run.failure.place}</code>}
        </div>
      )}
      {run.interrupted && (
        <p class="failure">
          <strong>The run was interrupted;</strong> what it had done until then is shown.
        </p>
      )}
      {report.thinned.length > 0 && (
        <aside class="thinned" aria-label="What was thinned">
          <strong>Not all is here:</strong>
          <ul>
            {report.thinned.map((sentence) => (
              <li key={sentence}>{sentence}</li>
            ))}
          </ul>
        </aside>
      )}
      {live.value ? <ParameterForm /> : <Parameters report={report} />}
    </header>
  );
}
