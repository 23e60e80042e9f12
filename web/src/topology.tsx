// The network as it was at the instant, its key, and its links as a table.
import { count, duration, instant, number, rate } from "./format.ts";
import type { Case } from "./model.ts";
import { Section } from "./section.tsx";
import { at, current, now, span, zoomTo } from "./store.ts";
import { TopologyFigure } from "./topology-figure.tsx";
import { shapes } from "./topology-packet.tsx";
import { crossing } from "./topology-state.ts";

function Key({ packets }: { packets: boolean }) {
  return (
    <ul class="legend topology-key" aria-label="Key">
      <li>
        load or fill{" "}
        <svg width="90" height="12" aria-hidden="true">
          {[0, 1, 2, 3, 4].map((i) => (
            <rect
              key={i}
              class={`level load-${i}`}
              x={i * 18}
              y={5 - i}
              width="17"
              height={3 + 2 * i}
            />
          ))}
        </svg>{" "}
        0 to 100 %
      </li>
      <li>
        <span class="cross">×</span> dropped in this interval
      </li>
      {packets &&
        Object.entries(shapes).map(([kind, { path, words }]) => (
          <li key={kind}>
            <svg width="15" height="15" viewBox="-8 -8 16 16" aria-hidden="true">
              <g class={`packet ${kind}`}>
                <path d={path} />
              </g>
            </svg>{" "}
            {words}
          </li>
        ))}
    </ul>
  );
}

/** A window in which one can see packets move: some crossings of the slowest link. */
function slowMotion(c: Case): void {
  const from = at.value;
  const next = c.packets.find((packet) => packet[0] >= from) ?? c.packets[0];
  if (!next) return;
  const slowest = c.packets.reduce((most, p) => Math.max(most, crossing(c, p)), 0);
  now.value = next[0];
  zoomTo(next[0], next[0] + slowest * 30);
}

function Links({ of }: { of: Case }) {
  const name = (index: number) => of.nodes[index]?.name ?? "?";
  return (
    <details>
      <summary>{count(of.links.length, "link")}: rates, delays and what they carried</summary>
      <div class="scroll" tabIndex={0} role="region" aria-label="Links">
        <table>
          <thead>
            <tr>
              <th scope="col">from</th>
              <th scope="col">to</th>
              <th scope="col" class="number">
                rate
              </th>
              <th scope="col" class="number">
                delay
              </th>
              <th scope="col" class="number">
                packets
              </th>
              <th scope="col" class="number">
                octets
              </th>
              <th scope="col" class="number">
                dropped
              </th>
            </tr>
          </thead>
          <tbody>
            {of.links.flatMap((link, i) =>
              link.directions.map((direction, k) => (
                <tr key={`${i} ${k}`}>
                  <td>
                    <bdi>{name(k === 0 ? link.a : link.b)}</bdi>
                  </td>
                  <td>
                    <bdi>{name(k === 0 ? link.b : link.a)}</bdi>
                  </td>
                  <td class="number">{rate(direction.rate)}</td>
                  <td class="number">{duration(direction.delay)}</td>
                  <td class="number">{number(direction.sent)}</td>
                  <td class="number">{number(direction.octets)}</td>
                  <td class="number">
                    {direction.dropped > 0 ? `× ${number(direction.dropped)}` : "0"}
                  </td>
                </tr>
              )),
            )}
          </tbody>
        </table>
      </div>
    </details>
  );
}

export function TopologySection() {
  const c = current.value!;
  const packets = c.packets.length > 0;
  return (
    <Section
      id="topology"
      title="Topology"
      hint="The network at the instant; play lets time run. Both directions of a link are drawn, each as thick as its load."
    >
      {c.nodes_total > c.nodes.length && (
        <p class="note">
          {number(c.nodes.length)} of {number(c.nodes_total)} nodes are drawn.
        </p>
      )}
      {c.nodes.length === 0 ? (
        <p class="empty">This case has no network.</p>
      ) : (
        <>
          <p class="topology-head">
            <output class="instant">{instant(at.value, span.value.to - span.value.from)}</output>
            {packets && (
              <button type="button" onClick={() => slowMotion(c)}>
                slow motion from here
              </button>
            )}
          </p>
          <Key packets={packets} />
          <div class="scroll" tabIndex={0} role="region" aria-label="Network">
            <TopologyFigure of={c} />
          </div>
          <Links of={c} />
        </>
      )}
    </Section>
  );
}
