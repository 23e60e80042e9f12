// The page: what ran, then its sections under one bar of cases and time.
import { CompareSection } from "./compare.tsx";
import { ConnectionsSection } from "./connections.tsx";
import { CountersSection } from "./counters.tsx";
import { Header, LiveHeader } from "./header.tsx";
import { Later } from "./later.tsx";
import { Patterns } from "./patterns.tsx";
import { ScriptSection } from "./script.tsx";
import { SeriesSection } from "./series.tsx";
import { StatesSection } from "./states.tsx";
import { live, report } from "./store.ts";
import { TimeBar } from "./time-bar.tsx";
import { TopologySection } from "./topology.tsx";

/** A run of which there is no picture yet. */
function Begun() {
  return (
    <>
      <LiveHeader />
      <TimeBar />
      <main>
        <p class="empty">The first case has not begun.</p>
      </main>
    </>
  );
}

export function App() {
  const data = report.value;
  if (data === null) return <Begun />;
  const results = [
    <CompareSection key="compare" report={data} />,
    <SeriesSection key="series" />,
    <ConnectionsSection key="connections" />,
    <StatesSection key="states" states={data.states} />,
    <TopologySection key="topology" />,
    <CountersSection key="counters" report={data} />,
  ];
  const script = <ScriptSection key="script" report={data} />;
  const sections = data.cases.length > 0 ? [...results, script] : [script];
  return (
    <>
      <a class="skip" href="#compare">
        Skip to the results
      </a>
      <Patterns />
      <Header report={data} />
      {(data.cases.length > 0 || live.value) && <TimeBar />}
      <main>
        {data.cases.length === 0 && (
          <p class="empty">The script ran no case: there is nothing to draw.</p>
        )}
        <Later drawn={() => performance.mark("netsim-drawn")}>{sections}</Later>
      </main>
    </>
  );
}
