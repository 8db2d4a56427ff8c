// Opens boards in Chromium, waits for their ready mark, takes a picture of each, and tells what each panel shows.
//
// node shoot.mjs CHROMIUM BASE OUT FROM TO UID...; prints a line of JSON a board: {uid, height, panels, errors}.
import { chromium } from "playwright-core";

const [executablePath, base, out, from, to, ...boards] = process.argv.slice(2);
const WIDTH = 1440;
const PATIENCE = 60_000;
const CELL = 38; // pixels of a row of the grid, with the gap

const browser = await chromium.launch({
  executablePath,
  args: [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--force-color-profile=srgb",
  ],
});
try {
  for (const board of boards) {
    const [uid, query = ""] = board.split("?");
    const json = await (await fetch(`${base}/boards/${uid}.json`)).json();
    const end = (panels) => Math.max(0, ...panels.map(({ gridPos }) => gridPos.y + gridPos.h));
    const chosen = new URLSearchParams(query);
    const opened = json.panels.filter(({ type, title }) => type === "row" && chosen.getAll("open").includes(title));
    const rows = opened.reduce((sum, row) => sum + end(row.panels) - row.gridPos.y, end(json.panels));
    const page = await browser.newPage({
      viewport: { width: WIDTH, height: rows * CELL + 180 }, reducedMotion: "reduce", locale: "en-GB", timezoneId: "UTC",
    });
    const errors = [];
    page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
    page.on("pageerror", (error) => errors.push(error.stack ?? String(error)));
    page.on("response", (answer) => answer.ok() || errors.push(`${answer.url()}: status ${answer.status()}`));
    const asked = new URLSearchParams({ board: `boards/${uid}.json`, to });
    if (!chosen.has("from")) asked.set("from", from);
    await page.goto(`${base}/?${asked}&${chosen}`);
    let panels = [];
    try {
      await page.waitForSelector("body[data-ready]", { timeout: PATIENCE, state: "attached" });
      panels = await page.evaluate(() => window.shown);
    } catch {
      errors.push(`not ready within ${PATIENCE / 1000} s`);
    }
    await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
    const height = await page.evaluate(() => Math.ceil(document.getElementById("root").getBoundingClientRect().height));
    await page.screenshot({ path: `${out}/${uid.replace(/^shopfloor-/, "")}.png`, clip: { x: 0, y: 0, width: WIDTH, height } });
    console.log(JSON.stringify({ uid, height, panels, errors }));
    await page.close();
  }
} finally {
  await browser.close();
}
