/*
 * node --import tsx scripts/check-lab.ts FOLDER NOTEBOOK.ipynb...: opens notebooks with stored outputs in JupyterLab in a
 * headless Chromium, writes pictures of every screenful into FOLDER, and drags every slider: the chart above it must
 * change, and change back. Not part of `npm test`: it needs JupyterLab and Chromium (CHROMIUM, or the one on PATH).
 */
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Page } from 'puppeteer-core';
import { openNotebook, withLab } from './lab-browser';

const VIEW = { width: 1200, height: 1500 };

/** What runs in the page, as text: this file is compiled without the browser's types. */
const SCROLLER = `document.querySelector('.jp-WindowedPanel-outer') ?? document.querySelector('.jp-Notebook')`;
const SLIDER = (i: number) => `document.querySelectorAll('.vega-embed input[type=range]')[${i}]`;
const CHART = (i: number) => `${SLIDER(i)}.closest('.vega-embed')`;

/** What the chart of slider i shows now, as a data: URL or SVG. */
const shownBy = async (page: Page, i: number): Promise<string> =>
  String(
    await page.evaluate(
      `${CHART(i)}.querySelector('canvas')?.toDataURL() ?? ${CHART(i)}.querySelector('svg').outerHTML`,
    ),
  );

/** Drags slider i to a share of its length, as a hand does; returns what the chart shows then. */
const dragTo = async (page: Page, i: number, share: number): Promise<string> => {
  await page.evaluate(`${SLIDER(i)}.scrollIntoView({ block: 'center' })`);
  await pause(300);
  const box = (await page.evaluate(`(({ x, y, width, height }) => ({ x, y, width, height }))(${SLIDER(i)}.getBoundingClientRect())`)) as Record<'x' | 'y' | 'width' | 'height', number>; // prettier-ignore
  const value = Number(await page.evaluate(`(s => (s.value - s.min) / (s.max - s.min))(${SLIDER(i)})`));
  const at = (part: number): [number, number] => [box.x + 8 + part * (box.width - 16), box.y + box.height / 2];
  await page.mouse.move(...at(value));
  await page.mouse.down();
  await page.mouse.move(...at(share), { steps: 8 });
  await page.mouse.up();
  await pause(500);
  return shownBy(page, i);
};

/** Every screenful of a notebook as a picture; outputs are drawn as they come into view. */
const pictures = async (page: Page, path: string): Promise<void> => {
  const height = async (): Promise<number> => Number(await page.evaluate(`(${SCROLLER}).scrollHeight`)); // grows as cells are drawn
  for (let top = 0, k = 1; top < (await height()); top += VIEW.height - 150, k++) {
    await page.evaluate(`(${SCROLLER}).scrollTop = ${top}`);
    await pause(700);
    await page.screenshot({ path: `${path}-${k}.png` });
  }
};

const checkNotebook = async (page: Page, url: string, name: string, folder: string): Promise<string[]> => {
  await openNotebook(page, url, name);
  const title = basename(name, '.ipynb');
  await pictures(page, join(folder, title));
  const sliders = Number(await page.evaluate(`document.querySelectorAll('.vega-embed input[type=range]').length`));
  const problems: string[] = [];
  for (let i = 0; i < sliders; i++) {
    const [low, high] = [await dragTo(page, i, 0), await dragTo(page, i, 1)];
    await page.screenshot({ path: join(folder, `${title}-slider${i + 1}-high.png`) });
    if (low === high) problems.push(`${name}: the chart of slider ${i + 1} does not move`);
    if ((await dragTo(page, i, 0)) !== low) problems.push(`${name}: the chart of slider ${i + 1} does not come back`);
    await page.screenshot({ path: join(folder, `${title}-slider${i + 1}-low.png`) });
  }
  console.log(`${name}: ${sliders} sliders, ${problems.length} problems`);
  return problems;
};

const main = async (): Promise<void> => {
  const [folder, ...notebooks] = process.argv.slice(2);
  if (folder === undefined || notebooks.length === 0) throw new Error('usage: check-lab.ts FOLDER NOTEBOOK.ipynb...');
  mkdirSync(folder, { recursive: true });
  const home = mkdtempSync(join(tmpdir(), 'cosim-lab-'));
  for (const path of notebooks) cpSync(resolve(path), join(home, basename(path)));
  try {
    const problems = await withLab({ home, view: VIEW }, async (url, browser) => {
      const found: string[] = [];
      for (const path of notebooks) {
        const page = await browser.newPage(); // leaving a notebook that a slider has changed would ask what to do
        found.push(...(await checkNotebook(page, url, basename(path), folder)));
        await page.close();
      }
      return found;
    });
    for (const problem of problems) console.error(problem);
    if (problems.length > 0) process.exitCode = 1;
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
};

void main();
