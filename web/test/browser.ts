// Debian's Chromium, driven; a page of it notes whatever it complains about or asks the network for.
import { existsSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";

export const chromiumPath = process.env["CHROMIUM"] ?? "/usr/bin/chromium";
export const hasChromium = (): boolean => existsSync(chromiumPath);

export async function launch(): Promise<Browser> {
  const root = process.getuid?.() === 0; // Chromium's sandbox refuses root
  return chromium.launch({ executablePath: chromiumPath, args: root ? ["--no-sandbox"] : [] });
}

export interface Opened {
  page: Page;
  complaints: string[];
  requests: string[];
  drawn_ms: number;
}

export interface View {
  scheme?: "light" | "dark";
  width?: number;
  height?: number;
}

export async function open(browser: Browser, file: string, view: View = {}): Promise<Opened> {
  const context = await browser.newContext({
    viewport: { width: view.width ?? 1400, height: view.height ?? 900 },
    colorScheme: view.scheme ?? "light",
    reducedMotion: "reduce",
    locale: "en-GB",
  });
  const page = await context.newPage();
  const complaints: string[] = [];
  const requests: string[] = [];
  page.on("console", (message) => {
    if (message.type() !== "log") complaints.push(`${message.type()}: ${message.text()}`);
  });
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("dialog", (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on("request", (request) => {
    if (!/^(file|data):/.test(request.url())) requests.push(request.url());
  });
  await page.goto(pathToFileURL(file).href);
  await page.locator("h1, .refused").first().waitFor();
  const drawn_ms = await page.evaluate(
    () => performance.getEntriesByName("netsim-drawn")[0]?.startTime ?? 0,
  );
  // The same letters whatever fonts a machine has.
  await page.evaluate(() => (document.body.style.fontFamily = '"DejaVu Sans", sans-serif'));
  return { page, complaints, requests, drawn_ms };
}

export function written(name: string, text: string): string {
  const file = join(mkdtempSync(join(tmpdir(), "netsim-page-")), name);
  writeFileSync(file, text);
  return file;
}
