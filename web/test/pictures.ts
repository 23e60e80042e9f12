// Screenshots against those that are checked in. NETSIM_PICTURES=write makes them anew; what differs
// is left beside them as NAME.now.png and NAME.diff.png under web/build.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import pixelmatch from "pixelmatch";
import type { Locator } from "playwright-core";
import { PNG } from "pngjs";

const tolerance = 0.02; // share of the pixels: letters are smoothed otherwise elsewhere

/** Empty, or in what the picture differs. */
export async function difference(root: string, name: string, of: Locator): Promise<string> {
  const kept = join(root, "test/pictures", `${name}.png`);
  const bytes = await of.screenshot({ animations: "disabled" });
  if (process.env["NETSIM_PICTURES"] === "write") {
    mkdirSync(join(root, "test/pictures"), { recursive: true });
    writeFileSync(kept, bytes);
    return "";
  }
  if (!existsSync(kept)) return `${name}: there is no picture to compare with`;
  const [was, is] = [PNG.sync.read(readFileSync(kept)), PNG.sync.read(bytes)];
  const save = (kind: string, data: Buffer) => {
    mkdirSync(join(root, "build"), { recursive: true });
    writeFileSync(join(root, "build", `${name}.${kind}.png`), data);
  };
  if (was.width !== is.width || Math.abs(was.height - is.height) > 8) {
    save("now", bytes);
    return `${name}: ${is.width}x${is.height}, it was ${was.width}x${was.height}`;
  }
  const [width, height] = [was.width, Math.min(was.height, is.height)];
  const diff = new PNG({ width, height });
  const crop = (png: PNG) => png.data.subarray(0, width * height * 4);
  const share =
    pixelmatch(crop(was), crop(is), diff.data, width, height, { threshold: 0.15 }) /
    (width * height);
  if (share <= tolerance) return "";
  save("now", bytes);
  save("diff", PNG.sync.write(diff));
  return `${name}: ${(share * 100).toFixed(1)} % of it differ`;
}
