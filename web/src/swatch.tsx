// What a line or area of a chart looks like, beside its name.
import { dash, lineColour } from "./colours.ts";

export function Swatch({ index, filled = false }: { index: number; filled?: boolean }) {
  const name = `swatch ink-${lineColour(index)}`;
  return (
    <svg class={name} width="28" height="12" aria-hidden="true">
      {filled ? (
        <>
          <rect x="0" y="0" width="28" height="12" class="area" />
          {(index % 4 === 1 || index % 4 === 3) && (
            <path d="M0 12L12 0M8 12L20 0M16 12L28 0" class="cut" />
          )}
          {(index % 4 === 2 || index % 4 === 3) && (
            <path d="M0 0L12 12M8 0L20 12M16 0L28 12" class="cut" />
          )}
        </>
      ) : (
        <line x1="0" y1="6" x2="28" y2="6" stroke-dasharray={dash(index).join(" ")} />
      )}
    </svg>
  );
}
