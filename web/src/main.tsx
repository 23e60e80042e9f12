// Reads the data that stands in the page and draws it; says so where there is none to draw.
import { render } from "preact";
import { App } from "./app.tsx";
import { parse } from "./model.ts";
import { report } from "./store.ts";

const place = document.getElementById("page")!;
try {
  report.value = parse(document.getElementById("netsim-data")?.textContent ?? "");
  document.title = `${report.value.run.script} · netsim`;
  place.replaceChildren();
  render(<App />, place);
  performance.mark("netsim-interactive");
} catch (error) {
  const words = document.createElement("p");
  words.className = "refused";
  words.textContent = error instanceof Error ? error.message : String(error);
  place.replaceChildren(words);
}
