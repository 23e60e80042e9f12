// What axe-core finds that is serious.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import type { Page } from "playwright-core";

const source = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

interface Result {
  id: string;
  impact: string | null;
  nodes: { target: unknown[]; failureSummary?: string }[];
}

export async function violations(page: Page): Promise<string[]> {
  await page.evaluate(source);
  const found = await page.evaluate(async () => {
    const axe = (
      globalThis as unknown as { axe: { run: () => Promise<{ violations: unknown[] }> } }
    ).axe;
    return (await axe.run()).violations;
  });
  return (found as Result[])
    .filter((result) => result.impact === "serious" || result.impact === "critical")
    .flatMap((result) =>
      result.nodes.map(
        (node) => `${result.id}: ${node.target.join(" ")} ${node.failureSummary ?? ""}`,
      ),
    );
}
