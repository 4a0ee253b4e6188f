/* JupyterLab in a headless Chromium (CHROMIUM, or the one on PATH), for scripts that look at notebooks as a reader does. */
import { execFileSync, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { type Browser, launch, type Page } from 'puppeteer-core';
import { labAdvice, labPython } from './lab-python';
import { jupyterEnvironment } from './project';

const PATIENCE = 180_000; // ms for JupyterLab's first page on a busy machine

const freePort = (): Promise<number> =>
  new Promise(found => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => found(port));
    });
  });

const answers = (url: string): Promise<boolean> =>
  fetch(`${url}/api`).then(
    ({ ok }) => ok,
    () => false,
  );

/** Opens a notebook of the home folder by its name, as it looks when JupyterLab has drawn it. */
export const openNotebook = async (page: Page, url: string, name: string): Promise<void> => {
  await page.goto(`${url}/lab/workspaces/check/tree/${encodeURIComponent(name)}?reset`, { timeout: PATIENCE });
  await page.waitForSelector('.jp-Notebook .jp-Cell', { timeout: PATIENCE });
  await pause(3000);
};

/**
 * Runs `work` with a JupyterLab and a browser of its own; both end with it.
 * @param options.home the folder whose notebooks are opened
 * @param options.view size of a page in pixels, and pixels of the picture per pixel (default 1)
 * @throws Error where JupyterLab is not installed, or does not answer
 */
export const withLab = async <T>(
  { home, view }: { home: string; view: { width: number; height: number; deviceScaleFactor?: number } },
  work: (url: string, browser: Browser) => Promise<T>,
): Promise<T> => {
  const python = await labPython();
  if (python === undefined) throw new Error(`no JupyterLab: ${labAdvice}`);
  const chromium = execFileSync('which', [process.env.CHROMIUM ?? 'chromium'], { encoding: 'utf8' }).trim();
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const options = ['--no-browser', '--allow-root', `--port=${port}`, '--IdentityProvider.token=', `--ServerApp.root_dir=${home}`]; // prettier-ignore
  const server = spawn(python, ['-m', 'jupyterlab', ...options], { cwd: home, env: jupyterEnvironment(), stdio: 'ignore' }); // prettier-ignore
  let browser: Browser | undefined;
  try {
    browser = await launch({ executablePath: chromium, args: ['--no-sandbox'], defaultViewport: view });
    const until = Date.now() + PATIENCE;
    while (!(await answers(url))) {
      if (Date.now() > until) throw new Error('JupyterLab did not answer');
      await pause(500);
    }
    return await work(url, browser);
  } finally {
    server.kill();
    await browser?.close();
  }
};
