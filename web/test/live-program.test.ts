// The page of the real program: NETSIM_BINARY=PATH npm test. Without it nothing here is run.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { test } from "node:test";
import { launch, open, written } from "./browser.ts";

const program = process.env["NETSIM_BINARY"];
const patience = 60_000; // milliseconds

const script = `
local p = netsim.params { rate = { "20/s", "connections" }, bytes = { 10, "of a request" } }
local function scenario(net)
  local web, user = net:host("web"), net:host("user")
  net:link(web, user, { delay = "5ms" })
  web:serve { port = 80, request = p.bytes, response = 10 }
  local load = user:load("web:80", { rate = p.rate, request = p.bytes, response = 10, stop = "1s" })
  net:run("2s")
  return { attempts = load.attempts }
end
netsim.compare { title = "two", { "first", scenario }, { "second", scenario } }
`;

/** The address that the program says it serves. */
function address(of: ChildProcess): Promise<string> {
  return new Promise((done, failed) => {
    let said = "";
    const hear = (some: Buffer) => {
      said += String(some);
      const found = /http:\/\/127\.0\.0\.1:\d+\/[^\s/]+\//.exec(said);
      if (found) done(found[0]);
    };
    of.stdout?.on("data", hear);
    of.stderr?.on("data", hear);
    of.on("error", failed);
    of.on("exit", (code) => failed(new Error(`it ended with ${code}: ${said}`)));
  });
}

test(
  "netsim view: a run is paused, stepped, ended and begun again",
  { skip: !program },
  async () => {
    const child = spawn(program!, ["view", written("x.lua", script), "--paused"]);
    const ended = new Promise<number | null>((done) => child.on("exit", (code) => done(code)));
    const browser = await launch();
    try {
      const { page, complaints } = await open(browser, await address(child));
      page.setDefaultTimeout(patience);
      const phase = (words: string) =>
        page.locator(".phase", { hasText: new RegExp(`^${words}$`) }).waitFor();
      const press = (name: RegExp) => page.getByRole("button", { name }).click();
      await phase("paused");
      await press(/next packet/);
      await page.locator(".packet-line code", { hasText: "Flags [S]" }).waitFor();
      const first = await page.locator(".packet-line").innerText();
      await press(/next packet/);
      await page.waitForFunction(
        (was) => !["", was].includes(document.querySelector(".packet-line")!.textContent ?? ""),
        first,
      );
      await page.locator(".connections .opener").first().click();
      await page.locator("svg.ladder g.arrow").first().waitFor();
      await press(/run on/);
      await phase("running");
      await page.getByLabel("as fast as it can").check();
      await phase("over");
      await page.locator(".cases label", { hasText: "second" }).waitFor();
      const field = page.locator(".parameter", { hasText: "of a request" });
      await field.locator("input[type=text]").fill("25");
      await field.locator("input[type=text]").press("Enter");
      await page.locator(".command code", { hasText: "--bytes 25" }).waitFor();
      await phase("over");
      await field.locator("input[type=text]").fill("many");
      await field.locator("input[type=text]").press("Enter");
      await page.locator(".failure", { hasText: "--bytes many: expected a number" }).waitFor();
      assert.deepEqual(complaints, []);
      child.kill("SIGINT");
      assert.equal(await ended, 0);
      await page.locator(".live [role=alert]", { hasText: "netsim has ended" }).waitFor();
    } finally {
      child.kill("SIGKILL");
      await browser.close();
    }
  },
);
