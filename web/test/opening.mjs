// node test/opening.mjs RUNS FILE.html...: octets, and milliseconds until a page can be used and until all
// of it is drawn, in a Chromium that has just begun. Medians.
import { bundled } from "./bundled.mjs";

const [runs, ...files] = process.argv.slice(2);
const { measure } = await bundled("opening.ts");
await measure(Number(runs), files);
