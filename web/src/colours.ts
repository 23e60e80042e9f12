// Colours by name, resolved from the style sheet so that light, dark and print agree. The palette is
// Okabe and Ito's; wherever one of these tells things apart, a dash, pattern or shape does so as well.
import { signal } from "@preact/signals";

/** Changes when the scheme does: what is painted on a canvas must be painted again. */
export const scheme = signal(0);

for (const query of ["(prefers-color-scheme: dark)", "print"])
  matchMedia(query).addEventListener("change", () => (scheme.value += 1));

export function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

export const lineColours = ["blue", "vermilion", "green", "purple", "orange", "sky"] as const;
export const dashes: number[][] = [[], [8, 4], [2, 3], [10, 3, 2, 3], [5, 2], [1, 2]];

export const lineColour = (index: number): string => lineColours[index % lineColours.length]!;
export const dash = (index: number): number[] => dashes[index % dashes.length]!;

/** The family of a state: like states look alike, their names are always beside them. */
export function family(state: string): string {
  const name = state.startsWith("~") ? state.slice(1) : state;
  if (name.startsWith("SYN")) return "opening";
  if (name === "ESTABLISHED") return "open";
  if (name.startsWith("FIN-WAIT") || name === "CLOSING") return "active";
  if (name === "CLOSE-WAIT" || name === "LAST-ACK") return "passive";
  if (name === "TIME-WAIT") return "waiting";
  if (name === "LISTEN") return "listen";
  return "closed";
}

export const families: [string, string][] = [
  ["opening", "SYN-SENT, SYN-RECEIVED"],
  ["open", "ESTABLISHED"],
  ["active", "FIN-WAIT-1, FIN-WAIT-2, CLOSING"],
  ["passive", "CLOSE-WAIT, LAST-ACK"],
  ["waiting", "TIME-WAIT"],
  ["listen", "LISTEN"],
  ["closed", "CLOSED"],
];
