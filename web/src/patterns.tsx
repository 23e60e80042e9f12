// Fills of state families, defined once for every SVG of the page.
export function Patterns() {
  const hatch = (id: string, size: number, path: string) => (
    <pattern id={`fill-${id}`} width={size} height={size} patternUnits="userSpaceOnUse">
      <rect width={size} height={size} class={`ground-${id}`} />
      <path d={path} class="hatch" />
    </pattern>
  );
  // `at`: what lies on the end of the line, the head's tip (10) or its base (0).
  const head = (id: string, size: number, at: number) => (
    <marker
      id={id}
      viewBox="0 0 10 10"
      refX={at}
      refY="5"
      markerWidth={size}
      markerHeight={size}
      markerUnits="userSpaceOnUse"
      orient="auto-start-reverse"
    >
      <path d="M0 0.5L10 5L0 9.5z" class="tip" />
    </marker>
  );
  return (
    <svg class="definitions" aria-hidden="true" width="0" height="0">
      <defs>
        {hatch("opening", 6, "M0 6L6 0M-1 1L1 -1M5 7L7 5")}
        {hatch("active", 6, "M0 0L6 6M-1 5L1 7M5 -1L7 1")}
        {hatch("passive", 5, "M2.5 1.5v2M1.5 2.5h2")}
        {hatch("waiting", 4, "M0 2H4")}
        {head("tip", 9, 9)}
        {head("tip-large", 12, 0)}
      </defs>
    </svg>
  );
}
