// A TypeScript module of this folder as JavaScript: Node itself does not read TypeScript before 22.
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

export async function bundle(name) {
  const outfile = fileURLToPath(
    new URL(`../build/${name.replace(/\.ts$/, ".mjs")}`, import.meta.url),
  );
  await build({
    entryPoints: [fileURLToPath(new URL(name, import.meta.url))],
    bundle: true,
    platform: "node",
    format: "esm",
    packages: "external",
    jsx: "automatic",
    jsxImportSource: "preact",
    outfile,
    logLevel: "warning",
  });
  return outfile;
}

export const bundled = async (name) => import(pathToFileURL(await bundle(name)).href);
