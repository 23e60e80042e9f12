// node test/fill.mjs FILE: the built page with the fixture in it, to be looked at in a browser.
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { bundled } from "./bundled.mjs";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const { fixture, filled } = await bundled("fixture.ts");
const page = await readFile(here("../../src/report/page.html"), "utf8");
await writeFile(process.argv[2], filled(page, fixture()));
