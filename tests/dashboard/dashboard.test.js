// The dashboard, in a browser, on a server with calls of every kind. With SCREENSHOTS it also makes
// the README's pictures.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, beforeEach, describe, test } from "node:test";

import { chromium } from "playwright-core";

const KEY = "sk-test-0123456789abcdef";
const CONFIG = {
  providers: {
    mock: {
      type: "mock",
      responses: {
        "gpt-4o": { default: "I can help with that. Tell me what you have tried so far, and where it went wrong.", patterns: { weather: "Sunny in Lisbon, 24 degrees, with a light breeze from the west." } },
        "claude-sonnet-4-5": { default: "Here is a plan in three steps, with the riskiest one first.", patterns: { refactor: "On it: the parser first, then the two callers." } },
        "gemini-2.5-flash": "A short answer.",
      },
    },
  },
  keys: { "sk-live-*": "live" },
};

const HERE = "tests/dashboard/screenshots";

let server, url, browser;
const errors = [];

async function serve(...args) {
  const folder = mkdtempSync(join(tmpdir(), "mock-llm-"));
  const file = join(folder, "mock-llm.json");
  writeFileSync(file, JSON.stringify(CONFIG));
  const started = spawn(process.env.MOCK_LLM_BIN, ["serve", "--config", file, ...args], { stdio: ["ignore", "pipe", "ignore"] });
  const [line] = await once(createInterface(started.stdout), "line");
  return [started, line.replace("listening on ", "")];
}

function openai(prompt, { stream = false, headers = {}, model = "gpt-4o" } = {}) {
  return fetch(`${url}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${KEY}`, "content-type": "application/json", ...headers },
    body: JSON.stringify({ model, stream, messages: [{ role: "system", content: "Be brief." }, { role: "user", content: prompt }] }),
  }).then((response) => response.text().catch(() => ""), () => "");
}

function anthropic(prompt, { stream = false, headers = {} } = {}) {
  return fetch(`${url}/v1/messages`, {
    method: "POST",
    headers: { "x-api-key": KEY, "anthropic-version": "2023-06-01", "content-type": "application/json", ...headers },
    body: JSON.stringify({ model: "claude-sonnet-4-5", max_tokens: 500, stream, messages: [{ role: "user", content: prompt }] }),
  }).then((response) => response.text().catch(() => ""), () => "");
}

function gemini(prompt) {
  return fetch(`${url}/v1beta/models/gemini-2.5-flash:generateContent?key=${KEY}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ contents: [{ role: "user", parts: [{ text: prompt }] }] }),
  }).then((response) => response.text(), () => "");
}

const api = (method, path, body) => fetch(url + path, { method, body: body && JSON.stringify(body) }).then((response) => response.json());

/* Some calls of every kind. The last is a stream that stalls and breaks off. */
async function traffic() {
  await openai("How is the weather in Lisbon?", { stream: true, headers: { "x-mock-llm-pace": "first=120ms; gap=15ms" } });
  await anthropic("Please refactor the parser.", { stream: true, headers: { "x-mock-llm-pace": "first=200ms; gap=20ms" } });
  await gemini("Hello");
  await openai("Too many?", { headers: { "x-mock-llm-fault": "error=rate_limit" } });
  await anthropic("Overloaded?", { headers: { "x-mock-llm-fault": "error=overloaded" } });
  await openai("What is wrong here?");
  await openai("And a model of my own", { model: "my-own-model" });
  await openai("A long story about the weather", { stream: true, headers: { "x-mock-llm-pace": "first=150ms; gap=25ms", "x-mock-llm-fault": "pause_after=6,900" } });
  await openai("It breaks off", { stream: true, headers: { "x-mock-llm-pace": "first=150ms; gap=25ms", "x-mock-llm-fault": "abort_after=9" } });
}

async function open(hash = "", options = {}) {
  const page = await browser.newPage({ viewport: { width: 1360, height: 800 }, ...options });
  page.setDefaultTimeout(10_000);
  page.on("console", (message) => { if (message.type() === "error") errors.push(message.text()); });
  page.on("pageerror", (error) => errors.push(String(error)));
  await page.goto(`${url}/__mock/${hash}`);
  return page;
}

const README = ["call-light", "call-dark", "switches-light", "ten-thousand-dark"];

async function picture(page, name) {
  if (!process.env.SCREENSHOTS || (process.env.SCREENSHOTS === HERE && !README.includes(name))) return;
  // What just came is highlighted for a moment.
  await page.waitForTimeout(1500);
  await page.screenshot({ path: join(process.env.SCREENSHOTS, `${name}.png`) });
}

const rows = (page) => page.locator(".row");
const count = (page, text) => page.waitForFunction((text) => document.getElementById("shown").textContent === text, text);

before(async () => {
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ["--no-sandbox"] });
});
after(async () => {
  await browser.close();
  server?.kill();
});

beforeEach(() => { errors.length = 0; });

describe("on a server with a few calls", () => {
  before(async () => {
    [server, url] = await serve();
    await traffic();
  });
  after(() => server.kill());

  test("calls are listed, the newest first, and no key is shown", async () => {
    const page = await open();
    await count(page, "9 calls");
    assert.equal(await rows(page).count(), 9);
    const newest = await rows(page).first().innerText();
    assert.match(newest, /^9\n/);
    assert.match(newest, /gpt-4o/);
    await page.locator("#stat-calls", { hasText: /^9$/ }).waitFor();
    assert.match(await page.locator("#stat-saved").innerText(), /^\$0\.0/);
    assert.ok(!(await page.content()).includes("0123456789"));
    await picture(page, "calls-light");
    assert.deepEqual(errors, []);
    await page.close();
  });

  test("a call shows what was asked and said, its frames on a timeline and where it broke", async () => {
    const page = await open();
    await count(page, "9 calls");
    await rows(page).first().click();
    const detail = page.locator("#detail");
    await detail.getByText("broke off after", { exact: false }).waitFor();
    assert.equal(await detail.locator("svg.timeline line.end.bad").count(), 1);
    assert.equal(await detail.locator("svg.timeline line.first").count(), 1);
    assert.ok((await detail.locator("svg.timeline line.token").count()) >= 5);
    assert.match(await detail.locator(".turn").last().innerText(), /It breaks off/);
    assert.match(await detail.locator(".said").innerText(), /^I can help/);
    assert.equal(await detail.locator(".frames tbody tr").count(), 9);
    assert.ok(!(await page.content()).includes("0123456789"));
    // The one before paused in between.
    await page.keyboard.press("j");
    await detail.locator("svg.timeline rect.gap").waitFor();
    assert.match(await detail.locator(".legend").last().innerText(), /longest gap 9\d\d ms/);
    assert.match(await detail.locator(".legend").last().innerText(), /1 stall/);
    await picture(page, "call-light");
    assert.deepEqual(errors, []);
    await page.close();
  });

  test("a new call appears by itself, and is seen until it ends", async () => {
    const page = await open();
    await count(page, "9 calls");
    const slow = openai("weather, slowly", { stream: true, headers: { "x-mock-llm-pace": "first=50ms; gap=120ms" } });
    await count(page, "10 calls");
    await rows(page).first().click();
    await page.locator("#detail").getByText("in flight").first().waitFor();
    await slow;
    await page.locator("#detail").getByText("whole", { exact: true }).waitFor();
    assert.match(await page.locator("#detail .said").innerText(), /^Sunny in Lisbon/);
    assert.deepEqual(errors, []);
    await page.close();
  });

  test("the keyboard reaches everything", async () => {
    const page = await open();
    await count(page, "10 calls");
    // It is drawn a frame later.
    const selected = (id) => page.locator(`.row[aria-selected=true][data-id="${id}"]`).waitFor();
    await page.keyboard.press("j");
    await selected(10);
    await page.keyboard.press("j");
    await page.keyboard.press("ArrowDown");
    await selected(8);
    await page.keyboard.press("k");
    await selected(9);
    assert.equal(await page.locator("#rows").getAttribute("aria-activedescendant"), "call-9");
    await page.keyboard.press("G");
    await selected(1);
    await page.keyboard.press("Enter");
    assert.equal(await page.evaluate(() => document.activeElement.id), "detail");
    await page.keyboard.press("Escape");
    assert.equal(await page.locator("#detail").isHidden(), true);
    assert.equal(await page.evaluate(() => document.activeElement.id), "rows");
    await page.keyboard.press("/");
    await page.keyboard.type("claude 529");
    await count(page, "1 of 10 calls");
    await page.keyboard.press("Escape");
    await count(page, "10 calls");
    await page.keyboard.press("e");
    await count(page, "3 of 10 calls");
    await page.keyboard.press("e");
    await page.keyboard.press("?");
    assert.equal(await page.locator("#keys-help").isVisible(), true);
    await page.keyboard.press("Escape");
    await page.keyboard.press("2");
    assert.equal(await page.locator("#tab-rules").getAttribute("aria-selected"), "true");
    await page.keyboard.press("1");
    await page.keyboard.press("p");
    assert.equal(await page.locator("#pause").getAttribute("aria-pressed"), "true");
    assert.deepEqual(errors, []);
    await page.close();
  });

  test("rules show their hits, are mounted and removed", async () => {
    const page = await open("#rules");
    await page.locator("#rule-list tbody tr").first().waitFor();
    const weather = page.locator("#rule-list tbody tr", { hasText: "patterns.weather" });
    assert.match(await weather.innerText(), /3/);
    await picture(page, "rules-light");
    await page.locator("#mount-body").fill('{"providers": {"mock": {"type": "mock", "responses": {"gpt-4o": "mounted"}}}}');
    await page.getByRole("button", { name: "Mount", exact: true }).click();
    await page.getByText("1 rule mounted").waitFor();
    assert.equal(JSON.parse(await openai("weather")).choices[0].message.content, "mounted");
    await page.getByRole("button", { name: /^Remove rule/ }).first().click();
    await page.getByText("Removed").waitFor();
    assert.match(await openai("weather"), /Sunny/);
    await page.locator("#mount-body").fill("{\n  nonsense");
    await page.getByRole("button", { name: "Mount", exact: true }).click();
    await page.getByText("<body>:2:3", { exact: false }).waitFor();
    // The browser says that a request was refused.
    assert.ok(errors.every((error) => error.includes("400")), errors.join());
    await page.close();
  });

  test("mode, latency and faults are switched", async () => {
    const page = await open("#switches");
    await page.getByRole("button", { name: "429 for one in five" }).click();
    await page.getByText("Switched on").waitFor();
    assert.equal((await api("GET", "/__mock/switches")).fault, "error=rate_limit; probability=0.2");
    await page.locator("#fault").fill("error=overloaded");
    await page.locator("#fault").press("Enter");
    await page.getByRole("button", { name: "overloaded", pressed: true }).waitFor();
    assert.match(await openai("weather"), /"error"/);
    await page.getByRole("button", { name: "a quick model" }).click();
    await page.getByText("2 on").waitFor();
    await picture(page, "switches-light");
    await page.locator("[data-clear=fault]").click();
    await page.locator("[data-clear=pace]").click();
    await page.locator("#count-switches").waitFor({ state: "hidden" });
    assert.deepEqual(await api("GET", "/__mock/switches"), { pace: null, fault: null });
    await page.locator("#mode [data-mode=off]").click();
    await page.getByText("The mock is off").waitFor();
    assert.equal((await api("GET", "/health")).mode, "off");
    await page.locator("#mode [data-mode=mock]").click();
    await page.getByText("The mock answers").waitFor();
    await page.locator("#key").fill("sk-team-*");
    await page.getByRole("button", { name: "Off for it" }).click();
    await page.locator("#keys").getByText("sk-team-*").waitFor();
    assert.deepEqual(errors, []);
    await page.close();
  });

  test("the verdict leads to the call", async () => {
    const page = await open("#verdict");
    const found = page.locator("#findings li");
    await found.first().waitFor();
    await picture(page, "verdict-light");
    await found.first().getByRole("button").click();
    await page.locator("#detail h2").waitFor();
    assert.deepEqual(errors, []);
    await page.close();
  });

  test("light and dark follow the system, and the switch goes before", async () => {
    const page = await open("", { colorScheme: "dark" });
    const theme = () => page.evaluate(() => document.documentElement.dataset.theme);
    assert.equal(await theme(), "dark");
    await page.keyboard.press("t");
    assert.equal(await theme(), "light");
    await page.reload();
    assert.equal(await theme(), "light", "it is remembered");
    await page.keyboard.press("t");
    await page.keyboard.press("t");
    assert.equal(await theme(), "dark");
    await page.close();
  });

  test("names and roles are there for those who do not see it", async () => {
    const page = await open();
    await rows(page).first().waitFor();
    await rows(page).first().click();
    await page.locator("#detail h2").waitFor();
    const nameless = await page.evaluate(() => {
      const all = [...document.querySelectorAll("button, input, select, textarea, [role=tabpanel], [role=listbox], [role=option], dialog, svg[role=img]")];
      const name = (node) => node.getAttribute("aria-label") || node.getAttribute("aria-labelledby") || node.textContent.trim() || node.labels?.[0]?.textContent.trim();
      return all.filter((node) => !name(node)).map((node) => node.outerHTML.slice(0, 120));
    });
    assert.deepEqual(nameless, []);
    assert.equal(await page.getByRole("listbox", { name: /Calls/ }).count(), 1);
    assert.equal(await page.getByRole("tab").count(), 4);
    await page.close();
  });

  test("text has contrast, in light and dark", async () => {
    for (const colorScheme of ["light", "dark"]) {
      const page = await open("", { colorScheme });
      await rows(page).first().click();
      await page.locator("#detail h2").waitFor();
      const poor = await page.evaluate(() => {
        const number = (color) => color.match(/[\d.]+/g).map(Number);
        const light = ([r, g, b]) => {
          const [x, y, z] = [r, g, b].map((c) => (c /= 255) <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
          return 0.2126 * x + 0.7152 * y + 0.0722 * z;
        };
        const ground = (node) => {
          for (; node; node = node.parentElement) {
            const color = number(getComputedStyle(node).backgroundColor);
            if (color.length === 3 || color[3] === 1) return color;
          }
          return [255, 255, 255];
        };
        const texts = [...document.querySelectorAll("body *")].filter((node) =>
          node.checkVisibility() && [...node.childNodes].some((child) => child.nodeType === 3 && child.textContent.trim()) && !node.closest("svg, option, .toast"));
        return texts.map((node) => {
          const [a, b] = [light(number(getComputedStyle(node).color)), light(ground(node))].sort((a, b) => b - a);
          return [(a + 0.05) / (b + 0.05), node.className, node.textContent.trim().slice(0, 30)];
        }).filter(([ratio]) => ratio < 4.5).map(([ratio, ...rest]) => `${ratio.toFixed(2)} ${rest.join(" ")}`);
      });
      assert.deepEqual(poor, [], colorScheme);
      await page.close();
    }
  });

  test("a narrow window shows the list or the call", async () => {
    const page = await open("", { colorScheme: "dark" });
    await page.locator('.row[data-id="8"]').click();
    await page.locator("#detail svg.timeline").waitFor();
    await picture(page, "call-dark");
    await page.keyboard.press("Escape");
    await picture(page, "calls-dark");
    await page.keyboard.press("2");
    await picture(page, "rules-dark");
    await page.close();
    const narrow = await open("", { viewport: { width: 420, height: 800 } });
    await rows(narrow).first().waitFor();
    await picture(narrow, "narrow");
    const fits = () => narrow.evaluate(() => document.documentElement.scrollWidth <= innerWidth);
    assert.ok(await fits());
    await rows(narrow).first().click();
    await narrow.locator("#detail svg.timeline").waitFor();
    assert.equal(await narrow.locator(".list").isHidden(), true);
    assert.ok(await fits());
    assert.deepEqual(errors, []);
    await picture(narrow, "narrow-call");
    await narrow.close();
  });

  test("it finds the server again", async () => {
    const page = await open();
    await page.getByText("live", { exact: true }).waitFor();
    const port = new URL(url).port;
    server.kill();
    await once(server, "exit");
    await page.getByText("reconnecting").waitFor();
    [server, url] = await serve("--port", port);
    await page.getByText("live", { exact: true }).waitFor();
    await page.locator("#empty h2", { hasText: "No calls yet" }).waitFor();
    assert.ok((await page.locator("#empty").innerText()).includes(`OPENAI_BASE_URL=${url}/v1`));
    await openai("again");
    await count(page, "1 call");
    await page.close();
  });
});

describe("behind a token", () => {
  before(async () => { [server, url] = await serve("--admin-token", "s3cret"); });
  after(() => server.kill());

  test("it asks for the token once", async () => {
    const page = await open();
    await page.locator("#token").fill("s3cret");
    await page.locator("#token").press("Enter");
    await page.getByText("live", { exact: true }).waitFor();
    await page.reload();
    await page.getByText("live", { exact: true }).waitFor();
    assert.equal(await page.locator("#token-ask").isVisible(), false);
    await page.close();
  });
});

describe("with ten thousand calls", () => {
  before(async () => {
    [server, url] = await serve();
    const prompts = ["weather", "anything", "refactor", "hello"];
    const one = (n) => (n % 7 === 3 ? anthropic(prompts[n % 4]) : openai(`${prompts[n % 4]} ${n}`, n % 50 === 7 ? { headers: { "x-mock-llm-fault": "error=rate_limit" } } : {}));
    for (let n = 0; n < 10_000; n += 50) {
      await Promise.all(Array.from({ length: 50 }, (_, more) => one(n + more)));
    }
  });
  after(() => server.kill());

  test("the list holds a screenful, goes to the end and filters", async () => {
    const page = await open();
    await count(page, "10,000 calls");
    assert.ok((await page.locator(".row").count()) < 60);
    await page.keyboard.press("G");
    await page.locator('.row[data-id="1"]').waitFor();
    await page.keyboard.press("g");
    await page.locator('.row[data-id="10000"]').waitFor();
    await page.keyboard.press("Escape");
    await page.locator("#rows").evaluate((node) => { node.scrollTop = 170_000; });
    await page.locator('.row[data-id="5000"]').waitFor();
    // What one reads stays where it is when more come.
    const before = await page.locator("#rows").evaluate((node) => node.scrollTop);
    await openai("one more");
    await page.waitForFunction((before) => document.getElementById("rows").scrollTop === before + 34 || document.getElementById("shown").textContent !== "10,000 calls", before);
    await page.locator('.row[data-id="5000"]').waitFor();
    const { count: refused } = await api("GET", "/__mock/calls?status=429&limit=1");
    assert.ok(refused > 100);
    await page.locator("#f-status").selectOption("4");
    await count(page, `${refused} of 10,000 calls`);
    await page.locator("#f-status").selectOption("");
    await page.locator("#rows").evaluate((node) => { node.scrollTop = 0; });
    await picture(page, "ten-thousand-light");
    assert.deepEqual(errors, []);
    await page.close();
    const dark = await open("", { colorScheme: "dark" });
    await count(dark, "10,000 calls");
    await picture(dark, "ten-thousand-dark");
    await dark.close();
  });

  test("a screenful is drawn within a frame or two", async () => {
    const page = await open();
    await count(page, "10,000 calls");
    // Work per redraw does not grow with the list: the same number of nodes wherever it stands.
    const nodes = [];
    for (const top of [0, 100_000, 300_000]) {
      await page.locator("#rows").evaluate((node, top) => { node.scrollTop = top; }, top);
      await page.waitForTimeout(100);
      nodes.push(await page.locator("#canvas *").count());
    }
    assert.ok(Math.max(...nodes) < 1500, nodes.join());
    await page.close();
  });
});
