/*
 * node --import tsx scripts/job-table-picture.ts [FOLDER]: the table of jobs as a reader of docs/many-machines.md sees it. A
 * notebook in JupyterLab puts an ablation on a queue; three workers, each with a host name of its own, take the jobs, and one
 * of them is of another version and refuses. Writes docs/pictures/job-table.png, and into FOLDER a picture of every stage.
 * Needs JupyterLab, Chromium, redis-server, and root for the host names. Run `npm run build` before.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Page } from 'puppeteer-core';
import sharp from 'sharp';
import { startRedis } from '../test/queue/redis-server';
import { openNotebook, withLab } from './lab-browser';
import { jupyterFolder, root } from './project';

const VIEW = { width: 1150, height: 1000, deviceScaleFactor: 2 };
const PATIENCE = 600_000; // ms for a stage on a busy machine
const WIDEST = 1500; // pixels of the picture

const CELLS = [
  `import * as cosim from 'cosim';
await cosim.selectBackend();
const task = await cosim.pointsTask();`,
  `const study = await cosim.withProgress({ label: 'ablation' }, watch =>
  cosim.ablate(
    task,
    { vary: { R: [1, 2, 4] }, seeds: [0, 1], images: 8192, n: 500 },
    { folder: './results', ...watch }, // the queue is COSIM_QUEUE's
  ),
);
cosim.show(cosim.table(study.rows));`,
];

const notebook = (): string =>
  JSON.stringify({
    nbformat: 4,
    nbformat_minor: 5,
    metadata: { kernelspec: { display_name: 'TypeScript (cosim)', language: 'typescript', name: 'tslab' } },
    cells: CELLS.map((source, i) => ({
      cell_type: 'code',
      id: `cell${i}`,
      metadata: {},
      source,
      outputs: [],
      execution_count: null,
    })),
  });

/** What is shown under the second cell now; this file is compiled without the browser's types. */
const shown = async (page: Page): Promise<string> =>
  String(await page.evaluate(`[...document.querySelectorAll('.jp-CodeCell')][1]?.innerText ?? ''`));

/** Waits until all of these are shown; in vain, it throws with what is shown instead. */
const until = async (page: Page, ...patterns: RegExp[]): Promise<void> => {
  const end = Date.now() + PATIENCE;
  for (;;) {
    const text = await shown(page);
    if (patterns.every(pattern => pattern.test(text))) return;
    if (Date.now() > end) throw new Error(`not seen: ${patterns.join(', ')}; shown:\n${text}`);
    await pause(100);
  }
};

/** The number, or the star, before the first cell. */
const isStarted = async (page: Page): Promise<boolean> =>
  /[\d*]/.test(String(await page.evaluate(`document.querySelector('.jp-InputPrompt')?.innerText ?? ''`)));

/** Runs the cells one after the other, when the kernel hears it. */
const runCells = async (page: Page): Promise<void> => {
  const end = Date.now() + PATIENCE;
  while (!(await isStarted(page))) {
    if (Date.now() > end) throw new Error('the kernel did not start');
    await page.waitForSelector('.jp-Notebook-ExecutionIndicator[data-status=idle]', { timeout: PATIENCE });
    await page.click('.jp-CodeCell .cm-content');
    for (let i = 0; i < CELLS.length; i++) {
      await page.keyboard.down('Shift');
      await page.keyboard.press('Enter');
      await page.keyboard.up('Shift');
    }
    await pause(20_000); // what it was told before it was connected is lost
  }
};

const main = async (folder?: string): Promise<void> => {
  const home = mkdtempSync(join(jupyterFolder, 'job-table-'));
  const redis = await startRedis();
  process.env.COSIM_QUEUE = redis.url; // the kernel's too
  const workers: ChildProcess[] = [];
  /** A worker on a host of this name, of the package in a folder. */
  const startWorker = (host: string, of: string): void => {
    const program = join(of, 'dist', 'command-line', 'main.js');
    const command = `hostname ${host}; exec ${process.execPath} ${program} worker --store ${join(home, host)}`;
    workers.push(spawn('unshare', ['--uts', 'sh', '-c', command], { stdio: 'inherit' }));
  };
  /** The package as it would be with another version. */
  const otherVersion = (version: string): string => {
    const other = join(home, 'other');
    cpSync(join(root, 'dist'), join(other, 'dist'), { recursive: true });
    cpSync(join(root, 'data'), join(other, 'data'), { recursive: true });
    const own = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as object;
    writeFileSync(join(other, 'package.json'), JSON.stringify({ ...own, version }));
    return other;
  };
  try {
    writeFileSync(join(home, 'sweep.ipynb'), notebook());
    await withLab({ home, view: VIEW }, async (url, browser) => {
      const page = await browser.newPage();
      await openNotebook(page, url, 'sweep.ipynb');
      const picture = async (name: string): Promise<void> => {
        if (folder === undefined) return;
        mkdirSync(folder, { recursive: true });
        await page.screenshot({ path: join(folder, `${name}.png`) });
      };
      await runCells(page);
      await until(page, /6 waiting/);
      await picture('1-waiting');
      startWorker('office-1', root);
      await until(page, /1 running/);
      startWorker('office-3', otherVersion('0.0.9'));
      await until(page, /refused/, /1 running/);
      await picture('2-refused');
      startWorker('office-2', root);
      await until(page, /refused/, /running\s+office-1:\d+\s+\d/, /running\s+office-2:\d+\s+\d/);
      await picture('3-running');
      const cell = (await page.$$('.jp-CodeCell'))[1];
      const png = await cell.screenshot();
      const target = join(root, 'docs', 'pictures', 'job-table.png');
      mkdirSync(join(root, 'docs', 'pictures'), { recursive: true });
      await sharp(png)
        .resize({ width: WIDEST, withoutEnlargement: true })
        .png({ palette: true, colours: 64 })
        .toFile(target);
      await until(page, /6 done/, /share on a mode/);
      await picture('4-done');
    });
  } finally {
    for (const worker of workers) worker.kill('SIGKILL');
    await redis.close();
    rmSync(home, { recursive: true, force: true });
  }
};

void main(process.argv[2]);
