/**
 * What somebody sees who opens a policy: colours, a finding under wrong words that goes when they are mended, what may
 * come next, the tests of the file, run, and a proof beside the rule that gives it.
 */
const fs = require("node:fs");
const path = require("node:path");
const puppeteer = require("puppeteer-core");

const { CHROMIUM, FOLDER, SHOTS } = process.env;
const flags = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking"];

/** Ends with an error where a step takes longer than that, so that nothing hangs. */
const STEP = 60_000;

async function main() {
  const browser = await puppeteer.launch({ executablePath: CHROMIUM, headless: true, args: flags, protocolTimeout: STEP });
  const page = await browser.newPage();
  await page.setViewport({ width: 1280, height: 860 });
  page.setDefaultTimeout(STEP);
  const shot = (name) => page.screenshot({ path: path.join(SHOTS, `${name}.png`) });
  const type = (text) => page.keyboard.type(text, { delay: 15 });
  const keys = async (...all) => {
    for (const key of all) await page.keyboard.down(key);
    for (const key of all.reverse()) await page.keyboard.up(key);
  };
  const until = (holds, ...given) => page.waitForFunction(holds, { polling: 200 }, ...given);
  const step = async (what, go) => {
    const from = Date.now();
    await go();
    console.log(`${what} (${((Date.now() - from) / 1000).toFixed(1)} s)`);
  };
  try {
    await step("the policy is open, with colours and lenses", async () => {
      await page.goto(`http://127.0.0.1:8123/?folder=${FOLDER}`, { waitUntil: "domcontentloaded" });
      const row = '.explorer-folders-view .monaco-list-row[aria-label^="policy.writ"]';
      await page.waitForSelector(row);
      await page.waitForSelector(".monaco-dialog-box .monaco-button");
      await page.evaluate(() => [...document.querySelectorAll(".monaco-dialog-box .monaco-button")].find((b) => /Yes, I trust/.test(b.textContent))?.click());
      await until(() => !document.querySelector(".monaco-dialog-box"));
      await page.click(row, { clickCount: 2 });
      await until(() => new Set([...document.querySelectorAll(".view-line span[class^=mtk]")].map((s) => s.className)).size > 3);
      await page.waitForSelector(".codelens-decoration a");
      await shot("1-open");
    });
    await step("a wrong name is marked, and the message says what was meant", async () => {
      await page.click(".view-line");
      await keys("Control", "End");
      await type("\nrelation lost(r: Resource);\nlost(r) if tga(r, _, _);");
      await keys("Escape");
      await page.waitForSelector(".squiggly-error");
      await shot("2-wrong");
      // What was typed halfway is marked too, for a moment.
      for (let n = 0; ; n++) {
        await keys("F8");
        const told = page.waitForFunction(() => /did you mean `tag`/.test(document.body.innerText), { timeout: 4_000 });
        if (await told.then(() => true, () => false)) break;
        if (n === 10) throw new Error("no message about `tga`");
        await keys("Escape");
      }
      await shot("3-message");
      await keys("Escape");
    });
    await step("mended, it is quiet again", async () => {
      await keys("Control", "End");
      for (let n = 0; n < "tga(r, _, _);".length; n++) await page.keyboard.press("Backspace");
      await type("tag(r, _, _);");
      await keys("Escape");
      await until(() => !document.querySelector(".squiggly-error"));
    });
    await step("completion offers what may come", async () => {
      await keys("Control", "End");
      await type("\nlost(r) if exi");
      await keys("Escape");
      await keys("Control", "Space");
      await until(() => [...document.querySelectorAll(".suggest-widget .monaco-list-row")].some((r) => r.textContent.includes("exists")));
      await shot("4-completion");
      await keys("Escape");
    });
    await step("the tests of the file stand in the explorer, and pass", async () => {
      const command = async (name) => {
        await keys("F1");
        await page.waitForSelector(".quick-input-widget input");
        await type(name);
        await until((name) => document.querySelector(".quick-input-list .monaco-list-row.focused")?.textContent.includes(name), name);
        await page.keyboard.press("Enter");
      };
      await command("File: Revert File");
      await command("Testing: Focus on Test Explorer View");
      await page.waitForSelector(".test-explorer .monaco-tl-twistie.collapsed");
      await page.click(".test-explorer .monaco-tl-twistie.collapsed");
      await until(() => /in development it is allowed/.test(document.querySelector(".test-explorer")?.textContent ?? ""));
      await command("Test: Run All Tests");
      await until(() => document.querySelectorAll(".test-explorer [class*=testing-passed]").length > 3);
      await shot("5-tests");
    });
    await step("why a rule holds is shown beside it, with places that lead somewhere", async () => {
      // The run left the cursor at the last test, and what is not in sight is not in the page.
      await page.click(".editor-group-container .view-lines");
      await keys("Control", "Home");
      // Lenses are drawn anew while they arrive: a click that met one on its way out is made again, as a person would.
      const beside = () => document.querySelectorAll(".editor-group-container").length > 1;
      for (let n = 0; n < 5 && !(await page.evaluate(beside)); n++) {
        const why = await until(() => [...document.querySelectorAll(".codelens-decoration a")].find((a) => a.textContent === "why"));
        await why.asElement().click().catch(() => {});
        await page.waitForFunction(beside, { timeout: 10_000 }).catch(() => {});
      }
      await until(beside);
      await until(() => /policy\.writ:\d+/.test([...document.querySelectorAll(".editor-group-container")].at(-1)?.innerText ?? ""));
      await page.waitForSelector(".editor-group-container .detected-link");
      await shot("6-why");
    });
    console.log("the workbench shows findings, messages, completion, tests and proofs");
  } catch (error) {
    await shot("failed").catch(() => {});
    throw error;
  } finally {
    browser.process()?.kill("SIGKILL");
  }
}

fs.mkdirSync(SHOTS, { recursive: true });
main().then(() => process.exit(0), (error) => { console.error(String(error)); process.exit(1); });
