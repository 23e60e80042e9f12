// node test/run.mjs [REPORT.html...]: the tests of the page, and of these reports of real runs.
// Exit code 77: there is no Chromium, nothing in a browser was tested.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { bundle } from "./bundled.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
const chromium = process.env.CHROMIUM ?? "/usr/bin/chromium";
if (!existsSync(chromium)) {
  console.error(`SKIPPED: no Chromium at ${chromium} (apt-get install chromium, or set CHROMIUM)`);
  process.exit(77);
}
const files = [];
for (const name of readdirSync(here).filter((entry) => entry.endsWith(".test.ts")))
  files.push(await bundle(name));
const reports = process.argv.slice(2).map((file) => resolve(file));
const done = spawnSync(process.execPath, ["--test", ...files], {
  stdio: "inherit",
  env: {
    ...process.env,
    NETSIM_REPORTS: [process.env.NETSIM_REPORTS, ...reports].filter(Boolean).join("\n"),
  },
});
process.exit(done.status ?? 1);
