// Reads the data that stands in the page and draws it, or asks netsim view for them; says so where
// there is none to draw.
import { render } from "preact";
import { App } from "./app.tsx";
import { connect } from "./live.ts";
import { liveScript } from "./live-state.ts";
import { parse } from "./model.ts";
import { report } from "./store.ts";

const place = document.getElementById("page")!;
try {
  const data = document.getElementById("netsim-data")?.textContent ?? "";
  const script = liveScript(data);
  if (script === null) report.value = parse(data);
  else connect(script);
  document.title = `${script ?? report.value?.run.script} · netsim`;
  place.replaceChildren();
  render(<App />, place);
  performance.mark("netsim-interactive");
} catch (error) {
  const words = document.createElement("p");
  words.className = "refused";
  words.textContent = error instanceof Error ? error.message : String(error);
  place.replaceChildren(words);
}
