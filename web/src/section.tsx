// A section of the page with its heading and, where it helps, one line of how to use it.
import type { ComponentChildren } from "preact";

interface Props {
  id: string;
  title: string;
  hint?: string;
  children: ComponentChildren;
}

export function Section({ id, title, hint, children }: Props) {
  return (
    <section id={id} aria-labelledby={`${id}-title`}>
      <header class="section-head">
        <h2 id={`${id}-title`}>{title}</h2>
        {hint && <p class="hint">{hint}</p>}
      </header>
      {children}
    </section>
  );
}
