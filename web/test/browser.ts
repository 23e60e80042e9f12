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
  interactive_ms: number; // since the page was asked for
  drawn_ms: number;
}

export interface View {
  scheme?: "light" | "dark";
  width?: number;
  height?: number;
}

/** The same letters whatever fonts a machine has; sections out of sight are there for axe, too. */
export async function settle(page: Page): Promise<void> {
  await page.evaluate(() => {
    document.body.style.fontFamily = '"DejaVu Sans", sans-serif';
    for (const section of document.querySelectorAll("section"))
      section.style.contentVisibility = "visible";
  });
}

/** `place`: a file, or an address; of that nothing may have been drawn yet. */
export async function open(browser: Browser, place: string, view: View = {}): Promise<Opened> {
  const context = await browser.newContext({
    viewport: { width: view.width ?? 1400, height: view.height ?? 900 },
    colorScheme: view.scheme ?? "light",
    reducedMotion: "reduce",
    locale: "en-GB",
  });
  context.setDefaultTimeout(120_000); // other tests may keep the machine busy
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
  const served = place.startsWith("http:");
  await page.goto(served ? place : pathToFileURL(place).href);
  await page.locator("h1, .refused").first().waitFor();
  const mark = (name: string) =>
    page.evaluate((which) => performance.getEntriesByName(which)[0]?.startTime ?? 0, name);
  const interactive_ms = await mark("netsim-interactive");
  let drawn_ms = 0;
  for (let tries = 0; !served && interactive_ms > 0 && drawn_ms === 0 && tries < 600; tries++) {
    await page.waitForTimeout(50);
    drawn_ms = await mark("netsim-drawn");
  }
  await settle(page);
  return { page, complaints, requests, interactive_ms, drawn_ms };
}

export function written(name: string, text: string): string {
  const file = join(mkdtempSync(join(tmpdir(), "netsim-page-")), name);
  writeFileSync(file, text);
  return file;
}
