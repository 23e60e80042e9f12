// Which fill is which family of states.
import { families } from "./colours.ts";

export function StateLegend() {
  return (
    <ul class="legend states-legend" aria-label="States by fill">
      {families.map(([name, words]) => (
        <li key={name}>
          <svg width="22" height="12" aria-hidden="true">
            <rect class={`state ${name}`} x="0.5" y="0.5" width="21" height="11" />
          </svg>
          {words}
        </li>
      ))}
    </ul>
  );
}
