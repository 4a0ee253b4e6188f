/*
 * node --import tsx examples/browser/check.ts MODEL [PICTURE.png]: exports a generator (a shipped one, of a run, of a file) and its
 * four-step sampler, opens the page on each in a headless Chromium (CHROMIUM, or the one on PATH), and compares what
 * was drawn there with the library's own network on the same noise. Fails where no Chromium is found.
 */
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { launch, type Browser } from 'puppeteer-core';
import { exportOnnx, loadModel, type Model, selectBackend } from '../../src';
import { SAMPLING_TIMES } from '../../src/api/samplers';
import { serve } from './serve.mjs';

/** What the page did: noise and samples of one choice of times, milliseconds a step. */
type Drawn = { times: number[]; ms: number; noise: number[][]; samples: number[] };

const DRAWS = 7; // of which the median time is reported
const TOLERANCE = 1e-4; // of values around 1, in float32, after up to four network calls

const median = (values: number[]): number => values.sort((a, b) => a - b)[values.length >> 1];

const findChromium = (): string => {
  for (const name of [process.env.CHROMIUM, 'chromium', 'chromium-browser', 'google-chrome'].filter(Boolean))
    try {
      return execFileSync('which', [name!], { encoding: 'utf8' }).trim();
    } catch {
      // the next one
    }
  throw new Error('no Chromium found: apt-get install chromium, or name one in the variable CHROMIUM');
};

/** Algorithm 1 with the library's network, on the page's noise; the labels are the page's: 0, 1, 2, ... */
const expected = ({ denoiser, parameters }: Model, { times, noise, samples }: Drawn): Promise<Float32Array> => {
  const n = samples.length / denoiser.sampleShape.reduce((a, b) => a * b);
  const { classes } = denoiser;
  const result = tf.tidy(() => {
    const noiseOf = (k: number): tf.Tensor => tf.tensor(Float32Array.from(noise[k]), [n, ...denoiser.sampleShape]);
    const rows = Float32Array.from({ length: n * classes }, (_, i) => Number(i % classes === Math.floor(i / classes) % classes)); // prettier-ignore
    const labels = classes > 0 ? { labels: tf.tensor2d(rows, [n, classes]) } : {};
    let x = tf.mul(noiseOf(0), times[0]);
    times.forEach((t, k) => {
      const xHat = denoiser.denoise(parameters, x, tf.fill([n], t), labels);
      x = k + 1 < times.length ? tf.add(xHat, tf.mul(noiseOf(k + 1), times[k + 1])) : xHat;
    });
    return x;
  });
  return result.data<'float32'>();
};

const open = async (browser: Browser, path: string, picture?: string): Promise<Drawn[]> => {
  const { server, url } = await serve(path);
  const page = await browser.newPage();
  try {
    page.on('pageerror', error => console.log(`page: ${String(error)}`));
    await page.setViewport({ width: 760, height: 620, deviceScaleFactor: 2 });
    await page.goto(url);
    await page.waitForSelector('body[data-state]', { timeout: 120_000 });
    const text = String(await page.evaluate("document.getElementById('status').textContent"));
    if ((await page.evaluate('document.body.dataset.state')) !== 'drawn') throw new Error(text);
    console.log(text);
    const timings: number[][] = [];
    for (let i = 0; i < DRAWS; i++) {
      await page.evaluate('globalThis.before = drawn');
      await page.click('#again');
      await page.waitForFunction('drawn !== before && drawn.length === before.length', { timeout: 120_000 });
      timings.push((await page.evaluate('drawn.map(({ ms }) => ms)')) as number[]);
    }
    if (picture) await page.screenshot({ path: picture, fullPage: true });
    const drawn = (await page.evaluate('drawn')) as Drawn[];
    return drawn.map((choice, i) => ({ ...choice, ms: median(timings.map(each => each[i])) }));
  } finally {
    await page.close();
    server.closeAllConnections();
    server.close();
  }
};

const main = async (): Promise<void> => {
  const [name, picture] = process.argv.slice(2);
  if (!name) throw new Error('usage: node --import tsx examples/browser/check.ts MODEL [PICTURE.png]');
  const executablePath = findChromium();
  await selectBackend();
  const model = await loadModel(name);
  const folder = await mkdtemp(join(tmpdir(), 'cosim-browser-'));
  const browser = await launch({ executablePath, args: ['--no-sandbox'] });
  try {
    const generator = await exportOnnx(join(folder, 'generator.onnx'), model);
    const sampler = await exportOnnx(join(folder, 'sampler.onnx'), model, {
      times: (model.times ?? SAMPLING_TIMES)[4],
    });
    for (const [{ path }, shot] of [[generator, picture], [sampler]] as const)
      for (const drawn of await open(browser, path, shot)) {
        const ours = await expected(model, drawn);
        const difference = ours.reduce((worst, v, i) => Math.max(worst, Math.abs(v - drawn.samples[i])), 0);
        const steps = drawn.times.length;
        console.log(`  ${steps} step${steps > 1 ? 's' : ''}: ${drawn.ms.toFixed(1)} ms a step, differs from the library by ${difference.toExponential(1)}`); // prettier-ignore
        if (!(difference < TOLERANCE)) throw new Error(`the browser's samples differ by ${difference}`);
      }
  } finally {
    await browser.close();
    await rm(folder, { recursive: true });
    tf.dispose(model.parameters);
  }
};

void main().catch((error: unknown) => {
  console.error(`FAILED: ${(error as Error).message}`);
  process.exitCode = 1;
});
