// What a person does with the page of a report, done by a browser. See `run`.

import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, describe, it } from "node:test";
import puppeteer from "puppeteer-core";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const folder = process.env.TRICHTER_REPORTS;
const file = (name) => `${folder}/${name}/index.html`;
const address = (name) => `file://${file(name)}`;
const WIDE = { width: 1280, height: 900 };
const PHONE = { width: 360, height: 740, isMobile: true, hasTouch: true };

let browser;
before(async () => {
  browser = await puppeteer.launch({ executablePath: process.env.CHROMIUM, args: ["--no-sandbox", "--disable-gpu"] });
});
after(() => browser?.close());

/** Opens a report, hands it to `use`, and then holds that nothing was complained of, forbidden or fetched, unless that is what
 * was tried: then it is what `use` is given too. */
async function visit(name, { viewport = WIDE, script = true, dark = false, hash = "", tries = false }, use) {
  const page = await browser.newPage();
  const complaints = [];
  const fetched = [];
  page.on("console", (message) => { if (["error", "warn"].includes(message.type())) complaints.push(message.text()); });
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("request", (request) => { if (!request.url().startsWith(address(name))) fetched.push(request.url()); });
  // A script that is set before the page's own hears of everything that the policy forbids.
  await page.evaluateOnNewDocument(() => {
    window.forbidden = [];
    document.addEventListener("securitypolicyviolation", (event) => window.forbidden.push(`${event.violatedDirective} ${event.blockedURI}`));
  });
  await page.setViewport(viewport);
  await page.setJavaScriptEnabled(script);
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: dark ? "dark" : "light" }, { name: "prefers-reduced-motion", value: "reduce" }]);
  await page.goto(address(name) + hash);
  await use(page, complaints);
  if (tries) return page.close();
  if (script) assert.deepEqual(await page.evaluate(() => window.forbidden), []);
  assert.deepEqual(complaints, []);
  assert.deepEqual(fetched, []);
  return page.close();
}

const texts = (page, selector) => page.$$eval(selector, (found) => found.map((element) => element.textContent.trim()));
const until = (page, test, ...values) => page.waitForFunction(test, { timeout: 5_000 }, ...values);
const fits = (page) => page.evaluate(() => document.scrollingElement.scrollWidth <= innerWidth);

/** What axe finds serious or critical, with where. */
async function findings(page) {
  // The policy of the page holds for scripts in it, not for those of its debugger.
  await page.evaluate(axe);
  return page.evaluate(async () => {
    const { violations } = await globalThis.axe.run(document);
    return violations
      .filter((violation) => ["serious", "critical"].includes(violation.impact))
      .map((violation) => `${violation.id}: ${violation.nodes.slice(0, 3).map((node) => node.target.join(" ")).join(", ")}`);
  });
}

describe("the demo report", () => {
  it("is one file of less than two megabytes", () => assert.ok(statSync(file("demo")).size < 2_000_000));

  it("sorts by value, by click and by keyboard, and the third time gives the order back", () =>
    visit("demo", {}, async (page) => {
      const column = () =>
        page.$$eval("#campaigns tbody tr", (rows) => rows.map((row) => Number(row.cells[1].dataset.raw)));
      const state = () => page.$eval("#campaigns thead th:nth-child(2)", (head) => head.getAttribute("aria-sort"));
      const original = await column();
      await page.$eval("#campaigns details", (details) => { details.open = true; });
      await page.click("#campaigns thead th:nth-child(2) .sort");
      const down = await column();
      assert.equal(await state(), "descending");
      assert.deepEqual(down, original.toSorted((left, right) => right - left));
      await page.focus("#campaigns thead th:nth-child(2) .sort");
      await page.keyboard.press("Enter");
      assert.equal(await state(), "ascending");
      assert.deepEqual(await column(), original.toSorted((left, right) => left - right));
      await page.keyboard.press("Space");
      assert.equal(await state(), null);
      assert.deepEqual(await column(), original);
    }));

  it("filters long tables and says how many rows are left", () =>
    visit("demo", {}, async (page) => {
      const shown = () => page.$$eval("#channels tbody tr", (rows) => rows.filter((row) => row.offsetHeight > 0).length);
      const all = await shown();
      await page.type("#channels input[type=search]", "OPEN rate");
      const few = await shown();
      assert.ok(few > 0 && few < all, `${few} of ${all}`);
      assert.ok((await page.$eval("#channels .count", (count) => count.textContent)).startsWith(`${few} of ${all} `));
      assert.equal(await page.$eval("#channels .count", (count) => count.getAttribute("aria-live")), "polite");
      await page.type("#channels input[type=search]", " of nothing at all");
      assert.equal(await shown(), 0);
    }));

  it("cuts long tables until all rows are asked for", () =>
    visit("demo", {}, async (page) => {
      const button = await page.$("main button.more");
      const rows = () => button.evaluate((button) => Array.from(button.previousElementSibling.querySelectorAll("tbody tr")).filter((row) => !row.classList.contains("over")).length);
      const few = await rows();
      await button.evaluate((button) => { button.closest("details")?.setAttribute("open", ""); });
      await button.click();
      assert.ok((await rows()) > few);
    }));

  it("switches to a channel and a campaign, and the back button leads back", () =>
    visit("demo", {}, async (page) => {
      const values = () => texts(page, "#glance .value");
      const whole = await values();
      await page.select("#view", "channel:whatsapp");
      await until(page, () => document.querySelector("#glance .only")?.textContent.includes("whatsapp"));
      assert.ok(page.url().endsWith("#view=channel:whatsapp"), page.url());
      const whatsapp = await values();
      assert.equal(whatsapp.length, whole.length);
      assert.notDeepEqual(whatsapp, whole);
      assert.match(await page.$eval("#live", (live) => live.textContent), /whatsapp/);
      assert.ok((await page.$$("#questions .only ~ .part svg.chart .mark")).length > 3);
      assert.equal(await page.$eval("#funnels .whole", (sentence) => sentence.hidden), false);
      await page.select("#view", "campaign:spring-preview");
      await until(page, () => document.querySelector("#glance .only")?.textContent.includes("spring-preview"));
      // A link to a chapter leaves the view as it is.
      await page.click("nav a[href='#trend']");
      assert.match((await texts(page, "#glance .only"))[0], /spring-preview/);
      await page.goBack();
      await page.goBack();
      await until(page, () => document.querySelector("#glance .only")?.textContent.includes("whatsapp"));
      assert.deepEqual(await values(), whatsapp);
      assert.equal(await page.$eval("#view", (view) => view.value), "channel:whatsapp");
      await page.goBack();
      await until(page, () => !document.querySelector("#glance .only"));
      assert.deepEqual(await values(), whole);
    }));

  it("opens with the view that its address names, and with everything if there is no such view", async () => {
    await visit("demo", { hash: "#view=channel:telegram" }, async (page) => assert.match((await texts(page, "#glance .only"))[0], /telegram/));
    await visit("demo", { hash: "#view=channel:nobody" }, async (page) => assert.deepEqual(await texts(page, "#glance .only"), []));
  });

  it("tells what a chart shows to the mouse and to the keyboard", () =>
    visit("demo", {}, async (page) => {
      const note = () => page.$eval("#note", (note) => (note.hidden ? null : note.innerText));
      const marks = await page.$$("#funnels .part:first-of-type .keep .mark");
      assert.ok(marks.length > 2);
      await marks[1].evaluate((mark) => mark.scrollIntoView({ block: "center" }));
      await marks[1].hover();
      await until(page, () => !document.getElementById("note").hidden);
      for (const word of ["Reached", "Lost", "open", "Of the first", "Of the previous", "Median time"]) assert.ok((await note()).includes(word), word);
      await page.keyboard.press("Escape");
      assert.equal(await note(), null);
      // One stop for each chart, then arrows.
      await marks[0].evaluate((mark) => mark.focus());
      const first = await note();
      await page.keyboard.press("ArrowRight");
      const second = await note();
      assert.ok(first && second && first !== second);
      assert.equal(await page.evaluate(() => document.activeElement.getAttribute("aria-label").split(", ")[0]), second.split("\n")[0]);
      await page.keyboard.press("Home");
      assert.equal(await note(), first);
      await page.keyboard.press("Escape");
      assert.equal(await note(), null);
      assert.equal(await marks[0].evaluate((mark) => mark.parentNode.querySelectorAll("[tabindex='0']").length), 1);
    }));

  it("leads by keyboard from the top through the choices to the chapters", () =>
    visit("demo", {}, async (page) => {
      await page.keyboard.press("Tab");
      assert.equal(await page.evaluate(() => document.activeElement.className), "skip");
      await page.keyboard.press("Tab");
      assert.equal(await page.evaluate(() => document.activeElement.id), "view");
      await page.keyboard.press("Tab");
      await page.keyboard.press("Tab");
      assert.equal(await page.evaluate(() => document.activeElement.hash), "#in-short");
      assert.notEqual(await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle), "none");
    }));

  it("shows where one is", () =>
    visit("demo", {}, async (page) => {
      for (const id of ["trend", "questions", "glossary"]) {
        await page.$eval(`#${id}`, (section) => section.scrollIntoView());
        await until(page, (id) => document.querySelector("nav [aria-current]").hash === `#${id}`, id);
      }
    }));

  it("can be made dark and light by hand, and remembers it", () =>
    visit("demo", {}, async (page) => {
      const paper = () => page.$eval("body", (body) => getComputedStyle(body).backgroundColor);
      const light = await paper();
      await page.select("#theme", "dark");
      const dark = await paper();
      assert.notEqual(dark, light);
      await page.reload();
      assert.equal(await paper(), dark);
      await page.select("#theme", "auto");
      assert.equal(await paper(), light);
    }));

  it("opens every table on paper, in light colours", () =>
    visit("demo", { dark: true }, async (page) => {
      await page.emulateMediaType("print");
      await page.evaluate(() => dispatchEvent(new Event("beforeprint")));
      assert.equal(await page.$$eval("main details", (all) => all.filter((details) => !details.open).length), 0);
      assert.equal(await page.$eval("body", (body) => getComputedStyle(body).backgroundColor), "rgb(255, 255, 255)");
      assert.equal(await page.$$eval("tr.over", (rows) => rows.filter((row) => getComputedStyle(row).display === "none").length), 0);
      await page.evaluate(() => dispatchEvent(new Event("afterprint")));
      assert.ok(await page.$$eval("main details", (all) => all.some((details) => !details.open)));
    }));

  it("fits a phone: tables scroll in their box, what is touched is large, the contents fold", () =>
    visit("demo", { viewport: PHONE }, async (page) => {
      assert.ok(await fits(page));
      assert.equal(await page.$eval(".toc", (contents) => contents.open), false);
      const [box, table] = await page.$eval("#channels .scroll", (box) => [box.clientWidth, box.scrollWidth]);
      assert.ok(table > box, `${table} in ${box}`);
      const left = () => page.$eval("#channels tbody th", (head) => head.getBoundingClientRect().left);
      const before = await left();
      await page.$eval("#channels .scroll", (box) => { box.scrollLeft = 200; });
      assert.equal(await left(), before);
      await page.tap(".toc summary");
      assert.ok(await page.$eval(".toc", (contents) => contents.open));
      await page.$$eval("main details", (all) => all.forEach((details) => { details.open = true; }));
      const small = await page.$$eval("button, select, input, summary, nav a", (all) =>
        all.filter((one) => one.offsetParent).map((one) => [one.textContent || one.className, one.getBoundingClientRect().height]).filter(([, height]) => height < 43.5));
      assert.deepEqual(small, []);
      await page.select("#view", "channel:whatsapp");
      await until(page, () => document.querySelector("#glance .only"));
      assert.ok(await fits(page));
    }));

  it("is whole without a script", () =>
    visit("demo", { script: false }, async (page) => {
      const sections = await page.$$("main section");
      assert.ok(sections.length > 10);
      for (const section of sections) assert.ok((await section.boundingBox()).height > 40);
      for (const part of ["#questions svg.chart", "#channels table", "#glance .card"]) assert.ok((await (await page.$(part)).boundingBox()).height > 40, part);
      for (const control of [".controls", "main button", "input"]) for (const found of await page.$$(control)) assert.equal(await found.boundingBox(), null);
      assert.ok(await page.$("#channels table .term"));
    }));

  for (const dark of [false, true]) {
    for (const viewport of [WIDE, PHONE]) {
      it(`has nothing serious to mend for those who see or hear otherwise (${dark ? "dark" : "light"}, ${viewport.width} px)`, () =>
        visit("demo", { dark, viewport, hash: "#view=channel:whatsapp" }, async (page) => {
          await page.$$eval("main details", (all) => all.forEach((details) => { details.open = true; }));
          assert.deepEqual(await findings(page), []);
        }));
    }
  }

  it("would be found wanting if it were", () =>
    visit("demo", { tries: true }, async (page, complaints) => {
      await page.evaluate(() => document.querySelector("main").append(Object.assign(document.createElement("button"), { type: "button" })));
      assert.match((await findings(page)).join(), /button-name/);
      await page.evaluate(() => { document.querySelector("h1").style.width = "3000px"; });
      assert.equal(await fits(page), false);
      await page.evaluate(() => { document.body.append(Object.assign(document.createElement("script"), { textContent: "document.title = 'owned'" })); });
      await page.evaluate(() => { document.body.append(Object.assign(document.createElement("img"), { src: "https://example.invalid/x.png" })); });
      await until(page, () => window.forbidden.length >= 2);
      assert.notEqual(await page.title(), "owned");
      assert.ok(complaints.length >= 2, complaints.join());
    }));
});

describe("a report of hostile names", () => {
  for (const viewport of [WIDE, PHONE]) {
    it(`keeps its layout at ${viewport.width} px, and names are cut with their whole in the title`, () =>
      visit("hostile", { viewport }, async (page) => {
        assert.notEqual(await page.title(), "owned");
        assert.equal(await page.$$eval("main script, main img, main iframe", (found) => found.length), 0);
        await page.$$eval("main details", (all) => all.forEach((details) => { details.open = true; }));
        assert.ok(await fits(page));
        const names = await page.$$eval("main [title]", (found) => found.map((name) => [name.title.length, name.textContent.length, name.textContent.at(-1)]));
        assert.ok(names.some(([whole]) => whole === 10_000));
        assert.ok(names.every(([whole, short, end]) => short < whole && short <= 401 && end === "…"));
        const tall = await page.$$eval("main tbody tr", (rows) => rows.map((row) => row.getBoundingClientRect().height).filter((height) => height > 400));
        assert.deepEqual(tall, []);
        for (const view of await page.$$eval("#view option:not([disabled])", (options) => options.map((option) => option.value))) {
          await page.select("#view", view);
          await until(page, (view) => location.hash.includes(encodeURIComponent(view).replace("%3A", ":")), view);
          assert.ok(await fits(page), view);
        }
        assert.deepEqual(await findings(page), []);
      }));
  }

  it("shows the questions of the flow that is chosen, and no others", () =>
    visit("hostile", {}, async (page) => {
      const headings = () => page.$$eval("#questions .part", (parts) => parts.filter((part) => !part.hidden).map((part) => part.querySelector("h3").textContent));
      const all = await headings();
      assert.equal(all.length, 2);
      const [, first] = await page.$$eval("#flow option", (options) => options.map((option) => option.value));
      await page.select("#flow", first);
      await until(page, () => Array.from(document.querySelectorAll("#questions .part")).some((part) => part.hidden));
      assert.deepEqual(await headings(), [all[0]]);
      const rows = await page.$$eval("#answer-times tbody tr", (rows) => rows.filter((row) => row.offsetHeight > 0).map((row) => row.cells[0].textContent));
      assert.ok(rows.length > 0 && rows.every((flow) => flow === all[0]));
      await page.goBack();
      await until(page, () => Array.from(document.querySelectorAll("#questions .part")).every((part) => !part.hidden));
    }));

  it("tells in each headline what changed since the range before", () =>
    visit("hostile", {}, async (page) => {
      const changes = await texts(page, "#glance .change");
      assert.ok(changes.length >= 3, changes.join());
      assert.ok(changes.every((change) => /pp/.test(change) && /chance|higher|lower/.test(change)), changes.join());
    }));
});
