// What lies below is drawn once what is above has been painted: the page answers sooner.
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";

/** Its children one after the other, each in a turn of its own; `drawn` follows the last. */
export function Later({ children, drawn }: { children: ComponentChildren[]; drawn: () => void }) {
  const [count, setCount] = useState(1);
  useEffect(() => {
    if (count >= children.length) {
      drawn();
      return;
    }
    const timer = setTimeout(() => setCount(count + 1));
    return () => clearTimeout(timer);
  }, [count, children.length]);
  return <>{children.slice(0, count)}</>;
}
