// Makes src/report/page.html: one file with script and styles inside, and a marked place for the data.
// The same lock file gives the same bytes. `node build.mjs FILE` writes elsewhere.
import { createHash } from "node:crypto";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const target = process.argv[2] ?? here("../src/report/page.html");

async function bundle(entry) {
  const made = await build({
    absWorkingDir: here("."),
    entryPoints: [entry],
    bundle: true,
    write: false,
    metafile: true,
    minify: true,
    format: "iife",
    target: ["es2022"],
    charset: "utf8",
    legalComments: "none",
    loader: { ".css": "css" },
    jsx: "automatic",
    jsxImportSource: "preact",
    logLevel: "warning",
  });
  return { text: made.outputFiles[0].text.trim(), inputs: Object.keys(made.metafile.inputs) };
}

const hash = (text) => `'sha256-${createHash("sha256").update(text, "utf8").digest("base64")}'`;

// The licences of all that is inside, in the order of their names.
async function notices(inputs) {
  const packages = new Set();
  for (const path of inputs) {
    const name = /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1];
    if (name) packages.add(name);
  }
  const texts = [];
  for (const name of [...packages].sort()) {
    const folder = here(`node_modules/${name}`);
    const file = (await readdir(folder)).find((entry) => /^licen[cs]e/i.test(entry));
    if (!file) throw new Error(`${name} has no licence file`);
    texts.push(`${name}\n\n${(await readFile(`${folder}/${file}`, "utf8")).trim()}`);
  }
  return texts.join("\n\n").replaceAll("--", "- -");
}

const { text: script, inputs } = await bundle("src/main.tsx");
const { text: style, inputs: sheets } = await bundle("src/styles/page.css");
// An element must not be ended by what stands in it; esbuild writes such strings otherwise.
if (/<\/script|<!--|<script/i.test(script)) throw new Error("the script ends its own element");
if (/<\/style/i.test(style)) throw new Error("the style sheet ends its own element");

const notice = await notices([...inputs, ...sheets]);
const page = (await readFile(here("src/page.html"), "utf8"))
  .replace("@notice@", () => notice)
  .replaceAll("@style-hash@", () => hash(style))
  .replaceAll("@script-hash@", () => hash(script))
  .replace("@style@", () => style)
  .replace("@script@", () => script);
if (page.split("<!--netsim-data-->").length !== 2) throw new Error("one place for the data");
await writeFile(target, page);
console.log(`${target}: ${Buffer.byteLength(page)} octets`);
