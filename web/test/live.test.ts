// The page while a run goes on, in Chromium, against a server that speaks netsim view's protocol.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import { violations } from "./axe.ts";
import { launch, open, settle, type View } from "./browser.ts";
import { hostile } from "./fixture.ts";
import { LiveServer, midst } from "./live-server.ts";
import { difference } from "./pictures.ts";

const root = process.cwd();
const template = readFileSync(join(root, "../src/report/page.html"), "utf8");

let browser: Browser;
before(async () => {
  browser = await launch();
});
after(async () => browser.close());

interface Live {
  page: Page;
  server: LiveServer;
}

/** Opens the page of a run in its midst; only what `allowed` fits may be complained about. */
async function on(
  act: (live: Live) => Promise<void>,
  { allowed = /^$/, begin = true, ...view }: View & { allowed?: RegExp; begin?: boolean } = {},
): Promise<void> {
  const server = await LiveServer.start(template);
  if (begin) server.show(midst(1, 9), { state: "running" });
  const { page, complaints, requests } = await open(browser, server.url, view);
  try {
    if (begin) {
      await page.locator("#script code").first().waitFor();
      await settle(page);
    }
    await act({ page, server });
    assert.deepEqual(
      complaints.filter((words) => !allowed.test(words)),
      [],
    );
    assert.deepEqual(
      requests.filter((url) => !url.startsWith(server.url)),
      [],
    );
  } finally {
    await page.context().close();
    await server.stop();
  }
}

async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 1200; tries++) {
    if (await holds()) return;
    await new Promise((done) => setTimeout(done, 25));
  }
  assert.fail(what);
}

const says = (page: Page, selector: string, words: RegExp) =>
  until(`${selector}: ${words}`, async () =>
    words.test(await page.locator(selector).first().innerText()),
  );
const windowText = (page: Page) => page.locator(".window-text").innerText();
const button = (page: Page, name: RegExp) => page.getByRole("button", { name });
const field = (page: Page, name: string) =>
  page.locator(".parameter", { has: page.locator(`.parameter-head :text-is("${name}")`) });

/** Orders, without what is the same in all. */
const orders = (server: LiveServer) => server.orders.map(({ type: _, ...order }) => order);

async function asked(server: LiveServer, count: number): Promise<Record<string, unknown>> {
  await until(`order ${count}`, () => server.orders.length >= count);
  assert.equal(server.orders.length, count, JSON.stringify(server.orders));
  assert.equal(server.orders.at(-1)!["type"], "application/json");
  return orders(server).at(-1)!;
}

test("before the first case it says so, then draws what there is, and what comes", async () => {
  await on(
    async ({ page, server }) => {
      await says(page, ".live-state", /beginning/);
      assert.match(await page.locator("h1").innerText(), /alert\("host"\)/);
      assert.equal(server.pictures, 0, "there is nothing to ask for yet");
      server.show(midst(0, 3), { state: "running" });
      await page.locator("#script code").first().waitFor();
      await says(page, ".window-text", /^all 3 s$/);
      await says(page, ".live-state", /running[\s\S]*3\.0 s of 30 s/);
      server.show(midst(0, 12), { state: "running" });
      await says(page, ".window-text", /^all 12 s$/);
      assert.equal((await page.locator("section h2").allInnerTexts()).length, 7);
      assert.ok((await page.locator("#series .uplot canvas").count()) > 0);
    },
    { begin: false },
  );
});

test("of many pictures at once only the last is asked for", async () => {
  await on(async ({ page, server }) => {
    const before = server.pictures;
    for (let time = 10; time <= 20; time++) server.show(midst(1, time), { state: "running" });
    await says(page, ".window-text", /^all 20 s$/);
    assert.ok(server.pictures - before < 6, `${server.pictures - before} asked for`);
  });
});

test("buttons and keys pause, go on and step; not while one types", async () => {
  await on(async ({ page, server }) => {
    await button(page, /pause run/).click();
    assert.deepEqual(await asked(server, 1), { do: "pause" });
    server.tell({ state: "paused" });
    await button(page, /run on/).click();
    assert.deepEqual(await asked(server, 2), { do: "resume" });
    await button(page, /next packet/).click();
    assert.deepEqual(await asked(server, 3), { do: "step" });
    const packet = "9.005 IP 10.0.0.2.40007 > 10.0.0.1.80: Flags [S], seq 7 <b>bold</b>";
    server.tell({ packet });
    await until("the packet is shown", async () =>
      (await page.locator(".packet-line").innerText()).includes(packet),
    );
    await page.evaluate(() => (document.activeElement as HTMLElement).blur());
    await page.keyboard.press(" ");
    assert.deepEqual(await asked(server, 4), { do: "resume" });
    await page.keyboard.press("n");
    assert.deepEqual(await asked(server, 5), { do: "step" });
    await page.locator("#connections input[type=search]").focus();
    await page.keyboard.type("n n");
    await button(page, /next packet/).focus();
    await page.keyboard.press("Enter");
    assert.deepEqual(await asked(server, 6), { do: "step" });
    await page.keyboard.press("Tab");
    await page.keyboard.press(" "); // the button beside it: it is that which is pressed
    await says(page, ".live .buttons button:nth-child(3)", /○ follow/);
    assert.equal(server.orders.length, 6);
  });
});

test("the speed is a slider in steps, and no limit at all", async () => {
  await on(async ({ page, server }) => {
    const slider = page.locator(".speed input[type=range]");
    assert.equal(await slider.getAttribute("aria-valuetext"), "as in real time");
    await slider.focus();
    for (let i = 0; i < 3; i++) await page.keyboard.press("ArrowLeft");
    await says(page, ".speed-words", /^1\/10 of real time$/);
    await until("the last speed is asked for", () => orders(server).at(-1)?.["speed"] === 0.1);
    server.tell({ speed: 0.1 });
    await page.getByLabel("as fast as it can").check();
    await until("no limit is asked for", () => orders(server).at(-1)?.["speed"] === null);
    server.tell({ speed: null });
    await says(page, ".speed-words", /^as fast as it can$/);
    await page.getByLabel("as fast as it can").uncheck();
    await until("the limit is back", () => orders(server).at(-1)?.["speed"] === 0.1);
    assert.ok(orders(server).every((order) => order["do"] === "speed"));
  });
});

test("what the reader has open stays open while the run goes on", async () => {
  await on(async ({ page, server }) => {
    await page.locator("#connections input[type=search]").fill("10.0.0.2");
    await page.locator("#topology details summary").click();
    await page.locator(".connections .opener").nth(4).click();
    await page.locator("svg.ladder g.arrow").nth(2).hover();
    const fields = await page.locator(".fields").innerText();
    await page.locator(".time button", { hasText: "+" }).click();
    const window = await windowText(page);
    const search = page.locator("#counters input[type=search]");
    await search.focus();
    await page.keyboard.type("Tcp");
    const listed = page.locator("#connections .filter output");
    const before = await listed.innerText();
    const scrolled = await page.evaluate(() => scrollY);
    server.show(midst(1, 11), { state: "running" });
    await says(page, ".live-clock", /^11\.0 s/);
    await until("it is drawn", async () => (await listed.innerText()) !== before);
    assert.equal(await windowText(page), window);
    assert.equal(await page.locator("svg.ladder").count(), 1);
    assert.equal(await page.locator(".fields").innerText(), fields);
    assert.equal(await page.locator("#connections input[type=search]").inputValue(), "10.0.0.2");
    assert.ok(await page.locator("#topology details").evaluate((d: HTMLDetailsElement) => d.open));
    assert.ok(await search.evaluate((input) => input === document.activeElement));
    assert.ok(Math.abs((await page.evaluate(() => scrollY)) - scrolled) < 60);
    await page.keyboard.type("Ext");
    assert.equal(await search.inputValue(), "TcpExt");
  });
});

test("it moves on with the run until the reader looks at another case, and back", async () => {
  await on(async ({ page, server }) => {
    const shown = () => page.locator(".cases input:checked + span").innerText();
    assert.match(await shown(), /defence<\/i> & "more" now$/);
    assert.ok(await button(page, /● following/).isVisible());
    server.show(midst(2, 1), { state: "running" });
    await until("the third case is shown", async () => /^syncookies/.test(await shown()));
    await page.locator(".cases input").first().check({ force: true });
    await says(page, ".window-text", /^all 30 s$/);
    server.show(midst(2, 4), { state: "running" });
    await says(page, ".live-clock", /^4\.0 s/);
    assert.equal(await shown(), "no attack");
    await button(page, /○ follow/).click();
    await says(page, ".window-text", /^all 4 s$/);
    assert.match(await shown(), /^syncookies/);
  });
});

test("a ladder that is open is not taken away by the next case", async () => {
  await on(async ({ page, server }) => {
    await page.locator(".connections .opener").first().click();
    server.show(midst(2, 1), { state: "running" });
    await until("it is offered to follow", async () => button(page, /○ follow/).isVisible());
    assert.equal(await page.locator("svg.ladder").count(), 1);
    assert.match(await page.locator(".cases input:checked + span").innerText(), /defence/);
  });
});

test("views stand at the newest instant, and where a pointer is while it is there", async () => {
  await on(async ({ page, server }) => {
    const instant = () => page.locator("#topology .instant").innerText();
    assert.match(await instant(), /^9\.0/);
    const over = page.locator("#series .u-over").first();
    await over.scrollIntoViewIfNeeded();
    await over.hover();
    await until("it is at the pointer", async () => /^4\.[45]/.test(await instant()));
    await page.mouse.move(2, 2);
    await until("it is at the newest", async () => /^9\.0/.test(await instant()));
    server.tell({ state: "paused" });
    await says(page, ".live-state", /paused/);
    await over.hover();
    await page.mouse.move(2, 2);
    assert.match(await instant(), /^4\.[45]/, "while it is paused one may look at it");
  });
});

test("a new run forgets what was picked of the old one", async () => {
  await on(async ({ page, server }) => {
    await page.locator(".cases input").first().check({ force: true });
    await page.locator(".connections .opener").first().click();
    await page.locator(".time button", { hasText: "+" }).click();
    assert.equal(await page.locator("svg.ladder").count(), 1);
    server.tell({ run: 2, state: "waiting", case: "", case_index: 0, cases: [], now: 0 });
    server.show(midst(0, 2, { backlog: "64" }), { state: "running" });
    await says(page, ".window-text", /^all 2 s$/);
    assert.equal(await page.locator("svg.ladder").count(), 0);
    assert.equal(await page.locator(".cases").count(), 0, "there is one case so far");
    assert.match(await page.locator(".command code").innerText(), /backlog 64$/);
    assert.equal(await page.locator(".facts").count(), 1);
  });
});

test("a new run without a case yet leaves the picture of the old one", async () => {
  await on(async ({ page, server }) => {
    const nothing = midst(0, 0);
    nothing.cases = [];
    server.show(nothing, { run: 2, state: "waiting", now: 0 });
    await says(page, ".live-state", /beginning/);
    assert.equal(await page.locator("#series").count(), 1);
    server.tell({ state: "over" });
    await says(page, "main .empty", /no case/);
  });
});

test("what is refused is told in its one line", async () => {
  await on(
    async ({ page, server }) => {
      server.refuse = "speed: expected <b>a number</b> above 0";
      await button(page, /pause run/).click();
      await says(page, ".live [role=alert]", /expected <b>a number<\/b> above 0/);
      server.refuse = "";
      await button(page, /pause run/).click();
      await until(
        "it is forgotten",
        async () => (await page.locator(".live [role=alert]").innerText()) === "",
      );
    },
    { allowed: /status of 400/ },
  );
});

test("a lost connection is told and found again; the last picture stays", async () => {
  await on(
    async ({ page, server }) => {
      server.cutOff(true);
      await says(page, ".live [role=alert]", /connection to netsim is lost/);
      assert.ok(await button(page, /pause run/).isDisabled());
      assert.equal(await windowText(page), "all 9 s");
      server.cutOff(false);
      server.show(midst(1, 14), { state: "running" });
      await says(page, ".window-text", /^all 14 s$/);
      assert.equal(await page.locator(".live [role=alert]").innerText(), "");
      await server.stop();
      await says(page, ".live-state", /not connected/);
      assert.equal(await windowText(page), "all 14 s");
      assert.ok((await page.locator("#connections tbody tr").count()) > 0);
      await page.keyboard.press(" ");
    },
    { allowed: /Failed to load resource|ERR_/ },
  );
});

test("a slider that is let go of runs the script again, a checkbox too", async () => {
  await on(async ({ page, server }) => {
    const slider = field(page, "backlog").locator("input[type=range]");
    assert.equal(await slider.getAttribute("aria-valuetext"), "128");
    await slider.focus();
    for (let i = 0; i < 2; i++) await page.keyboard.press("ArrowLeft");
    assert.equal(await field(page, "backlog").locator("input[type=text]").inputValue(), "70");
    assert.deepEqual(await asked(server, 1), { do: "restart", parameters: { backlog: "70" } });
    assert.match(await field(page, "backlog").innerText(), /not run yet/);
    server.show(midst(0, 2, { backlog: "70" }), { run: 2, state: "running" });
    await until("it is set", async () => /\bset\b/.test(await field(page, "backlog").innerText()));
    assert.match(await page.locator(".command code").innerText(), /backlog 70$/);

    await field(page, "cookies").locator("input").check();
    assert.deepEqual(await asked(server, 2), {
      do: "restart",
      parameters: { backlog: "70", cookies: "true" },
    });
    await field(page, "backlog").getByRole("button", { name: "reset" }).click();
    assert.deepEqual(await asked(server, 3), { do: "restart", parameters: { cookies: "true" } });

    await page.getByLabel("run again on change").uncheck();
    await field(page, "delay").locator("input[type=range]").focus();
    await page.keyboard.press("End");
    await field(page, "city").locator("input").fill(`-x "y"`);
    await field(page, "seed").locator("input").fill("18446744073709551615");
    await page.keyboard.press("Tab");
    await page.waitForTimeout(500);
    assert.equal(server.orders.length, 3, "it waits for the button");
    await button(page, /Run again/).click();
    const { seed, ...order } = await asked(server, 4);
    assert.deepEqual(order, {
      do: "restart",
      parameters: { delay: "10s", cookies: "true", city: `-x "y"` },
    });
    assert.equal(Number(seed), 2 ** 64);
    await field(page, "seed").locator("input").fill("seven");
    await button(page, /Run again/).click();
    await says(page, "#parameters [role=alert]", /A seed is a whole number/);
    assert.equal(server.orders.length, 4);
  });
});

test("a value that is wrong is told, and may be mended", async () => {
  await on(
    async ({ page, server }) => {
      const exact = field(page, "delay").locator("input[type=text]");
      await exact.fill("soon");
      await exact.press("Enter");
      await asked(server, 1);
      const failed = midst(0, 0);
      failed.cases = [];
      failed.run.parameters = [];
      failed.run.failure = { message: "--delay soon: expected a duration", place: null };
      server.show(failed, { run: 2, state: "over" });
      await says(page, ".failure", /--delay soon: expected a duration/);
      await says(page, ".live-state", /ended by a failure/);
      assert.equal(await exact.inputValue(), "soon");
      server.refuse = "no <i>more</i>";
      await exact.fill("0.5s");
      await exact.press("Enter");
      assert.deepEqual(await asked(server, 2), { do: "restart", parameters: { delay: "0.5s" } });
      await says(page, "#parameters [role=alert]", /no <i>more<\/i>/);
    },
    { allowed: /status of 400/ },
  );
});

test("parameters without a type are text", async () => {
  await on(async ({ page, server }) => {
    const old = midst(1, 10);
    for (const parameter of old.run.parameters) delete parameter.type;
    server.show(old, { state: "running" });
    await until(
      "no slider is there",
      async () => (await page.locator("#parameters input[type=range]").count()) === 0,
    );
    assert.equal(await field(page, "backlog").locator("input").inputValue(), "128");
  });
});

test("when netsim ends the page says so, and tries no more", async () => {
  await on(async ({ page, server }) => {
    server.tell({ state: "gone" });
    await says(page, ".live [role=alert]", /netsim has ended/);
    await says(page, ".live-state", /not connected/);
    await server.stop();
    await page.waitForTimeout(1000); // a page that tried again would complain
    assert.equal(await windowText(page), "all 9 s");
  });
});

test("names that try to be markup stay text in the live page", async () => {
  await on(async ({ page, server }) => {
    server.tell({ packet: hostile[0]!, case: hostile[1]! });
    await says(page, ".packet-line", /./);
    const text = await page.locator("body").innerText();
    for (const name of hostile) assert.ok(text.includes(name), name);
    assert.match(await page.locator("#parameters").innerText(), /<b>the web server<\/b>/);
    assert.equal(
      await page.locator("main i, header b, header i, .bar b, .bar i, #connections b").count(),
      0,
    );
    assert.equal(await page.locator("script").count(), 2);
  });
});

test("axe finds nothing serious in a live page, in light or dark", async () => {
  await on(async ({ page, server }) => {
    server.tell({ packet: "9.005 IP a > b: Flags [S]", state: "paused" });
    await page.locator(".connections .opener").first().click();
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      assert.deepEqual(await violations(page), [], colorScheme);
    }
  });
});

test("a live page is not wider than a small window", async () => {
  for (const width of [700, 380])
    await on(
      async ({ page, server }) => {
        server.tell({ packet: "9.005 IP 10.0.0.2.40007 > 10.0.0.1.80: Flags [S], ".repeat(4) });
        await page.locator(".packet-line code").waitFor();
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        assert.ok(wide <= 0, `${wide} pixels too wide at ${width}`);
      },
      { width, height: 450 },
    );
});

for (const scheme of ["light", "dark"] as const)
  test(`the live page looks as it did, ${scheme}`, async () => {
    await on(
      async ({ page, server }) => {
        server.show(midst(1, 9, { backlog: "1000" }), { state: "paused", speed: 0.1 });
        server.tell({
          packet: "00:00:09.005000 IP 10.0.0.2.40007 > 10.0.0.1.80: Flags [S], seq 7",
        });
        await page.locator(".packet-line code").waitFor();
        await says(page, ".command code", /1000/);
        await page.evaluate(
          () => (document.querySelector<HTMLElement>(".bar")!.style.position = "static"),
        );
        const found: string[] = [];
        for (const [name, selector] of [
          ["live-head", ".page-head"],
          ["live-bar", ".bar"],
        ] as const)
          found.push(await difference(root, `${name}-${scheme}`, page.locator(selector)));
        assert.deepEqual(found.filter(Boolean), []);
      },
      { scheme, width: 1280, height: 1400 },
    );
  });
