// The script, highlighted, with each expectation at its line.
import { useMemo } from "preact/hooks";
import { highlight } from "./lua.ts";
import type { Expectation, Report } from "./model.ts";
import { Section } from "./section.tsx";

function Verdict({ of }: { of: Expectation }) {
  return (
    <span class={`verdict ${of.ok ? "good" : "bad"}`}>
      <strong>{of.ok ? "✓ holds" : "✗ fails"}</strong> {of.message}
    </span>
  );
}

/** "x.lua:12" of the script itself. */
function failureLine(report: Report): number | null {
  const match = /^(.*):(\d+)$/.exec(report.run.failure?.place ?? "");
  return match && report.source.name.endsWith(match[1]!.split("/").at(-1)!)
    ? Number(match[2])
    : null;
}

export function ScriptSection({ report }: { report: Report }) {
  const lines = useMemo(
    () => highlight(report.source.text.replace(/\n$/, "")),
    [report.source.text],
  );
  const at = new Map<number, Expectation[]>();
  const elsewhere: Expectation[] = [];
  for (const expectation of report.expectations) {
    const { line } = expectation;
    if (line !== null && line >= 1 && line <= lines.length)
      at.set(line, [...(at.get(line) ?? []), expectation]);
    else elsewhere.push(expectation);
  }
  const failed = failureLine(report);
  return (
    <Section id="script" title="Script">
      {report.expectations.length > 0 && (
        <ul class="expectations">
          {report.expectations.map((expectation, i) => (
            <li key={i}>
              <Verdict of={expectation} />{" "}
              {elsewhere.includes(expectation) ? (
                <code>{expectation.place}</code>
              ) : (
                <a href={`#line-${expectation.line}`}>line {expectation.line}</a>
              )}
            </li>
          ))}
        </ul>
      )}
      <div
        class="scroll source"
        tabIndex={0}
        role="region"
        aria-label={`Source of ${report.source.name}`}
      >
        <ol>
          {lines.map((words, i) => (
            <li key={i} id={`line-${i + 1}`} class={failed === i + 1 ? "failed" : ""}>
              <code>
                {words.map((word, k) => (
                  <span key={k} class={word.kind}>
                    {word.text}
                  </span>
                ))}
              </code>
              {at.get(i + 1)?.map((expectation, k) => (
                <Verdict key={k} of={expectation} />
              ))}
              {failed === i + 1 && (
                <span class="verdict bad">✗ the run ended here: {report.run.failure?.message}</span>
              )}
            </li>
          ))}
        </ol>
      </div>
    </Section>
  );
}
