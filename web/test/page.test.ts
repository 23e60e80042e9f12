// The page in Chromium: what is drawn, what pointer and keys do, who can read it.
import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import type { Report } from "../src/model.ts";
import { violations } from "./axe.ts";
import { launch, open, type Opened, type View, written } from "./browser.ts";
import { filled, fixture, hostile } from "./fixture.ts";
import { difference } from "./pictures.ts";

const root = process.cwd();
const template = readFileSync(join(root, "../src/report/page.html"), "utf8");
const made = (change: (report: Report) => void = () => {}): string => {
  const report = fixture();
  change(report);
  return written("report.html", filled(template, report));
};
const file = made();
const real = (process.env["NETSIM_REPORTS"] ?? "").split("\n").filter(Boolean);

let browser: Browser;
before(async () => {
  browser = await launch();
});
after(async () => browser.close());

/** Opens, does, and asserts that nothing was complained about or asked of the network. */
async function on(
  path: string,
  view: View,
  act: (page: Page, opened: Opened) => Promise<void>,
): Promise<void> {
  const opened = await open(browser, path, view);
  try {
    await act(opened.page, opened);
    assert.deepEqual(opened.complaints, []);
    assert.deepEqual(opened.requests, []);
  } finally {
    await opened.page.context().close();
  }
}

const pickCase = (page: Page, index: number) =>
  page.locator(".cases input").nth(index).check({ force: true });
const windowText = (page: Page) => page.locator(".window-text").innerText();
const instant = async (page: Page) =>
  parseFloat(await page.locator(".time output.instant").innerText());

async function drag(page: Page, selector: string, from: number, to: number): Promise<void> {
  const target = page.locator(selector).first();
  await target.scrollIntoViewIfNeeded();
  const box = (await target.boundingBox())!;
  const y = box.y + box.height / 2;
  await page.mouse.move(box.x + box.width * from, y);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * ((from + to) / 2), y);
  await page.mouse.move(box.x + box.width * to, y);
  await page.mouse.up();
}

for (const path of [file, ...real]) {
  const name = path === file ? "the fixture" : path.split("/").at(-1)!;

  test(`${name}: every section of every case is drawn, without the network`, async () => {
    await on(path, {}, async (page, opened) => {
      assert.equal((await page.locator("section h2").allInnerTexts()).length, 7);
      const cases = await page.locator(".cases input").count();
      for (let i = 0; i < Math.max(1, cases); i++) {
        if (cases > 0) await pickCase(page, i);
        for (const [id, content] of [
          ["compare", "table tbody tr, .empty"],
          ["series", ".uplot canvas, .empty"],
          ["connections", "table tbody tr, .empty"],
          ["states", "svg .box"],
          ["topology", "svg .node, .empty"],
          ["counters", "table tbody tr, .empty"],
          ["script", "li code"],
        ] as const)
          assert.ok((await page.locator(`#${id}`).locator(content).count()) > 0, `${id} is empty`);
      }
      const times = [opened.interactive_ms, opened.drawn_ms].map((ms) => ms.toFixed(0));
      const size = (statSync(path).size / 1e6).toFixed(2);
      console.log(
        `${name}: ${size} MB, interactive after ${times[0]} ms, all drawn after ${times[1]} ms`,
      );
    });
  });

  test(`${name}: axe finds nothing serious, in light or dark`, async () => {
    await on(path, {}, async (page) => {
      const first = page.locator(".connections .opener").first();
      if ((await first.count()) > 0) {
        await first.click();
        assert.equal(await page.locator("svg.ladder").count(), 1);
      }
      await page
        .locator("details")
        .evaluateAll((all) => all.forEach((one) => ((one as HTMLDetailsElement).open = true)));
      for (const colorScheme of ["light", "dark"] as const) {
        await page.emulateMedia({ colorScheme });
        assert.deepEqual(await violations(page), [], colorScheme);
      }
    });
  });
}

test("dragging on a chart zooms every view, a double click shows all again", async () => {
  await on(file, {}, async (page) => {
    assert.match(await windowText(page), /^all 30 s$/);
    await drag(page, "#series .u-over", 0.25, 0.5);
    const [from, to] = (await windowText(page)).split("–").map(parseFloat);
    assert.ok(Math.abs(from! - 7.5) < 0.3 && Math.abs(to! - 15) < 0.3, await windowText(page));
    await page.locator("#series .u-over").nth(1).dblclick();
    assert.match(await windowText(page), /^all 30 s$/);
    await drag(page, "#connections svg.gantt", 0.5, 0.9);
    assert.match(await windowText(page), /^15\.\d+ s – (26|27)\.\d+ s$/);
    await page.locator("#compare svg.timed").first().dblclick();
    assert.match(await windowText(page), /^all 30 s$/);
  });
});

test("hovering one chart moves the instant of all views", async () => {
  await on(file, {}, async (page) => {
    const over = page.locator("#series .u-over").first();
    await over.scrollIntoViewIfNeeded();
    const box = (await over.boundingBox())!;
    await page.mouse.move(box.x + box.width / 2, box.y + 20);
    assert.ok(Math.abs((await instant(page)) - 15) < 0.2);
    assert.match(await page.locator("#topology .instant").innerText(), /^1[45]\./);
    const lines = await page
      .locator("#series .u-cursor-x")
      .evaluateAll((all) =>
        all.map(
          (line) =>
            new DOMMatrix(getComputedStyle(line).transform).m41 / line.parentElement!.clientWidth,
        ),
      );
    assert.ok(
      lines.length > 3 && lines.every((share) => Math.abs(share - 0.5) < 0.02),
      String(lines),
    );
  });
});

test("keys do what the pointer does", async () => {
  await on(file, {}, async (page) => {
    await page.locator("#series .plot").first().focus();
    for (let i = 0; i < 10; i++) await page.keyboard.press("Shift+ArrowRight");
    assert.ok(Math.abs((await instant(page)) - 30) < 0.01);
    await page.keyboard.press("Home");
    assert.equal(await instant(page), 0);
    await page.keyboard.press("+");
    assert.match(await windowText(page), /^0\.\d+ s – 15\.\d+ s$/);
    await page.keyboard.press("PageDown");
    assert.match(await windowText(page), /^7\.5\d* s – 22\.5\d* s$/);
    await page.keyboard.press("0");
    assert.match(await windowText(page), /^all 30 s$/);
    await page.locator("#states g.edge.taken").first().focus();
    await page.keyboard.press("Enter");
    assert.ok((await page.locator(".took li").count()) > 0);
    await page.locator(".connections .opener").first().focus();
    await page.keyboard.press("Enter");
    await page.locator("svg.ladder").waitFor();
    await page.locator("svg.ladder g.arrow").nth(1).focus();
    assert.match(await page.locator(".fields").innerText(), /SYN ACK/);
  });
});

test("connections are filtered and sorted", async () => {
  await on(file, {}, async (page) => {
    await pickCase(page, 1);
    const table = page.locator("#connections table tbody tr");
    const said = page.locator("#connections .filter output");
    await page.locator("#connections input[type=search]").fill("40007");
    assert.equal(await table.count(), 1);
    assert.equal(await said.innerText(), "1 of 120 connections");
    await page.locator("#connections input[type=search]").fill("nobody");
    assert.equal(await table.count(), 0);
    await page.locator("#connections input[type=search]").fill("");
    await page.locator("#connections select").first().selectOption("timed out");
    const outcomes = await page.locator("#connections td.outcome").allInnerTexts();
    assert.ok(outcomes.length > 0 && outcomes.every((text) => text.includes("timed out")));
    await page.locator("#connections select").first().selectOption("");
    const lasts = page.locator("#connections th button", { hasText: "lasts" });
    await lasts.click();
    await lasts.click();
    assert.equal(await page.locator("#connections th[aria-sort=descending]").innerText(), "lasts▼");
    assert.match(await table.first().innerText(), /15 s|7\.\d+ s|11 s/);
  });
});

test("a ladder tells of drops, repeats and calls; numbers are relative or absolute", async () => {
  await on(file, {}, async (page) => {
    await page.locator(".connections .opener").nth(2).click();
    const ladder = page.locator("svg.ladder");
    assert.equal(await ladder.locator("g.arrow").count(), 11);
    assert.equal(await ladder.locator("g.arrow.lost .cross").count(), 1);
    assert.equal(await ladder.locator("g.arrow.again .loop").count(), 1);
    assert.match(await ladder.locator(".call").first().innerHTML(), /connect\("10\.0\.0\.1", 80\)/);
    assert.match(await ladder.locator(".label").nth(1).innerHTML(), /seq 0 ack 1/);
    await page.locator(".ladder-box input[type=checkbox]").uncheck();
    assert.match(await ladder.locator(".label").nth(1).innerHTML(), /seq 900000 ack 1001/);
    await ladder.locator("g.arrow.lost").first().hover();
    assert.match(await page.locator(".fields").innerText(), /The link lost it\./);
    await page.locator(".ladder-box button", { hasText: "close" }).click();
    assert.equal(await ladder.count(), 0);
  });
});

test("a click on an edge lists who took it, here and in the table", async () => {
  await on(file, {}, async (page) => {
    await pickCase(page, 1);
    await page.locator(".elsewhere button").first().click();
    const [, listed] = /(\d+) listed/.exec(await page.locator(".took").innerText())!;
    assert.ok(Number(listed) > 0);
    assert.match(
      await page.locator("#connections .filter output").innerText(),
      new RegExp(`^${listed} of 120`),
    );
    await page.locator(".took ol button").first().click();
    await page.locator("svg.ladder").waitFor();
    await page.locator("#connections .chip").click();
    assert.match(await page.locator("#connections .filter output").innerText(), /^120 connections/);
  });
});

test("play lets time run: tokens move, packets fly, a host fills", async () => {
  await on(file, {}, async (page) => {
    await pickCase(page, 1);
    await page.locator(".time select").selectOption("15");
    await page.locator(".play").click();
    // How soon depends on the machine; that it comes there does not.
    for (let tries = 0; tries < 400 && (await instant(page)) < 7; tries++)
      await page.waitForTimeout(50);
    await page.locator(".play").click();
    const time = await instant(page);
    assert.ok(time >= 7 && time < 25, `it stands at ${time} s`);
    assert.ok((await page.locator("#states .token").count()) > 0, "no token moves");
    assert.match(await page.locator("#topology .host .fill-words").first().innerHTML(), /\d+ %/);
    assert.ok((await page.locator("#topology .dropped").count()) > 0, "no drop is marked");
    await page.waitForTimeout(300);
    assert.equal(await instant(page), time, "paused, yet it moves");
    await page.locator("#topology button", { hasText: "slow motion" }).click();
    const [from] = (await windowText(page)).split("–").map(parseFloat);
    assert.equal(await instant(page), from, "slow motion begins at a packet");
    assert.ok((await page.locator("svg.topology .packet").count()) > 0, "no packet is drawn");
  });
});

test("names that try to be markup stay text", async () => {
  await on(file, {}, async (page) => {
    const text = await page.locator("body").innerText();
    for (const name of hostile) assert.ok(text.includes(name), name);
    assert.equal(
      await page.locator("main b, main i, h1 b, h1 i, table script, figure script").count(),
      0,
    );
    assert.equal(await page.locator("script").count(), 2);
    await page.locator(".connections .opener").first().click();
    assert.match((await page.locator("svg.ladder").textContent()) ?? "", /accept\(\) = <script>/);
  });
});

test("a counter is found by its words; a changed one stands first", async () => {
  await on(file, {}, async (page) => {
    const rows = page.locator("#counters tbody tr");
    assert.match((await rows.last().getAttribute("class")) ?? "", /unchanged/);
    await page.locator("#counters input").fill("listener accepted");
    assert.equal(await rows.count(), 1);
    assert.match(await rows.innerText(), /TcpPassiveOpens/);
  });
});

test("an expectation stands at its line", async () => {
  await on(file, {}, async (page) => {
    assert.match(await page.locator("#line-9").innerText(), /✓ holds connects succeed/);
    assert.match(
      await page.locator("#line-10").innerText(),
      /✗ fails this one fails: <b>0\.5<\/b>/,
    );
    assert.match(await page.locator(".facts").innerText(), /✗ 1 of 2 failed/);
  });
});

test("a run that failed half-way shows where", async () => {
  const failed = made((report) => {
    report.run.failure = { message: "flood.lua:7: <b>boom</b>", place: `flood "<&>".lua:7` };
    report.cases.length = 1;
    report.expectations = [];
  });
  await on(failed, {}, async (page) => {
    assert.match(
      await page.locator(".failure").innerText(),
      /The run ended here: flood\.lua:7: <b>boom<\/b>/,
    );
    assert.match(await page.locator("#line-7").innerText(), /the run ended here/);
    assert.equal(await page.locator(".cases").count(), 0);
  });
});

test("a run without events, and one without cases, still open", async () => {
  const still = made((report) => {
    report.compare = null;
    const c = report.cases[0]!;
    report.cases = [
      {
        ...c,
        simulated_seconds: 0,
        events: 0,
        results: null,
        series: [],
        drops: [],
        counters: [],
        connections: [],
        connections_total: 0,
        packets: [],
        transitions: [],
        nodes: [],
        nodes_total: 0,
        links: [],
      },
    ];
  });
  await on(still, {}, async (page) =>
    assert.ok((await page.locator("section .empty").count()) >= 4),
  );
  const none = made((report) => {
    report.cases = [];
  });
  await on(none, {}, async (page) =>
    assert.match(await page.locator("main .empty").first().innerText(), /no case/),
  );
});

test("a page without data, or with another version's, says so", async () => {
  await on(written("empty.html", template), {}, async (page) =>
    assert.match(await page.locator(".refused").innerText(), /holds no data/),
  );
  await on(
    made((report) => {
      report.version = 2;
    }),
    {},
    async (page) => assert.match(await page.locator(".refused").innerText(), /version 2/),
  );
});

test("at 200 % zoom and on a small screen nothing is wider than the window", async () => {
  for (const width of [700, 380])
    await on(file, { width, height: 450 }, async (page) => {
      await page.locator(".connections .opener").first().click();
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(wide <= 0, `${wide} pixels too wide at ${width}`);
    });
});

test("on paper all is there, in light colours", async () => {
  await on(file, { scheme: "dark" }, async (page) => {
    await page.emulateMedia({ media: "print" });
    assert.equal(await page.locator(".bar").isVisible(), false);
    const paper = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    assert.equal(paper, "rgb(255, 255, 255)");
    assert.ok((await page.pdf({ format: "A4" })).length > 50_000);
  });
});

for (const scheme of ["light", "dark"] as const)
  test(`views look as they did, ${scheme}`, async () => {
    await on(file, { scheme, width: 1280, height: 1400 }, async (page) => {
      await page.evaluate(
        () => (document.querySelector<HTMLElement>(".bar")!.style.position = "static"),
      );
      await pickCase(page, 1);
      await page.locator(".slide input").evaluate((input: HTMLInputElement) => {
        input.value = "800";
        input.dispatchEvent(new Event("input", { bubbles: true }));
      });
      await page.locator(".connections .opener").nth(2).click();
      await page.mouse.move(0, 0);
      const views = [
        ["compare", "#compare"],
        ["ladder", "#ladder"],
        ["states", "#states"],
        ["topology", "#topology"],
      ] as const;
      const found: string[] = [];
      for (const [name, selector] of views)
        found.push(await difference(root, `${name}-${scheme}`, page.locator(selector)));
      assert.deepEqual(found.filter(Boolean), []);
    });
  });
