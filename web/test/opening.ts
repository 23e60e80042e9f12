// How long reports take to open.
import { statSync } from "node:fs";
import { basename } from "node:path";
import { launch, open } from "./browser.ts";

const median = (values: number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

export async function measure(runs: number, files: string[]): Promise<void> {
  for (const file of files) {
    const times: { interactive: number; drawn: number }[] = [];
    for (let run = 0; run < runs; run++) {
      const browser = await launch();
      const { interactive_ms, drawn_ms } = await open(browser, file);
      times.push({ interactive: interactive_ms, drawn: drawn_ms });
      await browser.close();
    }
    const megabytes = (statSync(file).size / 1e6).toFixed(2);
    const interactive = median(times.map((time) => time.interactive)).toFixed(0);
    const drawn = median(times.map((time) => time.drawn)).toFixed(0);
    console.log(
      `${basename(file)}: ${megabytes} MB, interactive after ${interactive} ms, all drawn after ${drawn} ms`,
    );
  }
}
