// Lua in lines of coloured words. lowlight gives a tree, not markup: nothing of a script is ever
// parsed as HTML.
import lua from "highlight.js/lib/languages/lua";
import { createLowlight } from "lowlight";

export interface Word {
  text: string;
  kind: string;
}

const lowlight = createLowlight({ lua });
type Tree = ReturnType<typeof lowlight.highlight>;
type Piece = Tree["children"][number];

export function highlight(text: string): Word[][] {
  const lines: Word[][] = [[]];
  const walk = (piece: Piece, kind: string) => {
    if (piece.type === "text") {
      piece.value.split("\n").forEach((part, i) => {
        if (i > 0) lines.push([]);
        if (part !== "") lines.at(-1)!.push({ text: part, kind });
      });
    } else if (piece.type === "element") {
      const classes = piece.properties["className"];
      const own = Array.isArray(classes) ? String(classes[0] ?? "") : "";
      for (const child of piece.children) walk(child as Piece, own || kind);
    }
  };
  for (const piece of lowlight.highlight("lua", text).children) walk(piece, "");
  return lines;
}
