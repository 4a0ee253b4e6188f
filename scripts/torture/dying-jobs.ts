// Work that is killed and begun again: each goes on in a folder from whatever is there, to the same bytes in the end.
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { dispose } from '@tensorflow/tfjs-core';
import { readSafetensors, writeSafetensors } from '../../src/checkpoints';
import { evaluate, datasetImages, loadResults, pngWriter, saveResults } from '../../src/evaluation';
import { pixelFeatures } from '../../src/features';
import { lossChart, provenance, renderChart, saveFigure } from '../../src/figures';
import { loadModel } from '../../src/models';
import { ddpmpp, type Denoiser, edmDenoiser, freshParameters, saveModel } from '../../src/networks';
import { distillRun } from '../../src/runs';
import { sampleMultistep } from '../../src/samplers';
import type { Dataset } from '../../src/datasets';
import { tinyImages } from '../../test/tiny';
import { CACHE_KINDS } from './cache-kinds';
import { commandFiles, runCommands } from './command-job';

/** A piece of work in a folder. */
export type Job = {
  work: (dir: string, signal: AbortSignal) => Promise<void>;
  /** Opens all that can be seen in the folder, as another program would. @throws where something is half-written */
  open: (dir: string) => Promise<void>;
  /** Files of `dir` whose bytes are the outcome; and numbers, as text, of files that also say when they were made. */
  outcome: (dir: string) => Promise<{ files: string[]; numbers?: unknown }>;
};

/** A network of images that is as small as can be: what is tried is not the arithmetic. */
const smallest = (): Denoiser =>
  edmDenoiser(
    ddpmpp({ resolution: 8, channels: 1, classes: 3, modelChannels: 4, channelMult: [1], blocks: 1, attention: [] }),
  );

/** Noise in bytes, as an evaluation needs. */
const pictures: Dataset = {
  ...tinyImages,
  length: 400,
  batch: async indices => {
    const { x, labels } = await tinyImages.batch(indices);
    return { x: Uint8Array.from(x, v => Math.max(0, Math.min(255, 128 + 60 * v))), labels };
  },
};

/** Files that are not under a hidden name. */
const filesIn = async (dir: string): Promise<string[]> => {
  if (!existsSync(dir)) return [];
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  const files = entries.filter(entry => entry.isFile()).map(entry => join(entry.parentPath, entry.name));
  return files.filter(path => !path.slice(dir.length).includes('/.')).sort();
};

/** What is in a folder under a hidden name: nothing, when all has been done. */
export const hiddenIn = async (dir: string): Promise<string[]> =>
  (await readdir(dir, { recursive: true })).filter(name => /(^|\/)\.[^/]/.test(name));

const openAll = async (dir: string): Promise<void> => {
  for (const path of await filesIn(dir)) {
    const bytes = await readFile(path);
    if (path.endsWith('.json')) JSON.parse(bytes.toString());
    if (path.endsWith('.png') && bytes.subarray(-8, -4).toString() !== 'IEND') throw new Error(`${path} is cut off`);
    if (path.endsWith('.safetensors')) await readSafetensors(path);
  }
};

const distillation = (engine: 'eager' | 'onnx'): Job => ({
  work: async (dir, signal) => {
    const denoiser = smallest();
    const teacher = { denoiser, parameters: freshParameters(denoiser, 0) };
    try {
      await distillRun({
        teacher,
        dataset: pictures,
        run: { batch: 4, engine, workers: 1, emaHalflife: 20 },
        dir: join(dir, 'run'),
        images: 24,
        saveEvery: 4,
        sheets: { every: 8, n: 2, steps: [1], batch: 64 },
        metrics: {
          every: 12,
          reference: pictures,
          nReference: 40,
          extractor: pixelFeatures({ side: 2, channels: 1 }),
          metrics: ['fd'],
          n: 10,
          blocks: 1,
          steps: [1],
          batch: 64,
        },
        signal,
      });
    } finally {
      dispose(teacher.parameters);
    }
  },
  open: async dir => {
    await openAll(dir);
    const run = join(dir, 'run');
    if ((await readdir(run).catch(() => [])).some(name => /^\d+$/.test(name)))
      dispose((await loadModel(run)).parameters);
  },
  outcome: async dir => {
    const names = (await readdir(join(dir, 'run'))).filter(name => /^\d+$/.test(name)).sort();
    const last = join(dir, 'run', names.at(-1)!);
    const sheets = await filesIn(join(dir, 'run', 'sheets'));
    const metrics = await filesIn(join(dir, 'run', 'metrics'));
    const results = metrics.filter(path => /\d+-1-steps\.json$/.test(path));
    const numbers = await Promise.all(results.map(async path => (await loadResults(path)).results));
    return { files: [join(last, 'state.safetensors'), ...sheets], numbers };
  },
});

const sampling: Job = {
  work: async (dir, signal) => {
    const model = join(dir, 'model.safetensors');
    if (!existsSync(model)) {
      const denoiser = smallest();
      const parameters = freshParameters(denoiser, 0);
      await saveModel(model, { denoiser, parameters });
      dispose(parameters);
    }
    const loaded = await loadModel(model);
    for (let k = 0; k < 16; k++) {
      signal.throwIfAborted();
      const path = join(dir, `${k}.safetensors`);
      if (existsSync(path)) continue;
      const { data, shape, n } = await sampleMultistep({ ...loaded, seeds: [k, k + 100], times: [80, 1.4] });
      await writeSafetensors(path, { samples: { dtype: 'F32', shape: [n, ...shape], data } });
    }
    dispose(loaded.parameters);
  },
  open: openAll,
  outcome: async dir => ({ files: await filesIn(dir) }),
};

const evaluating: Job = {
  work: async (dir, signal) => {
    const out = join(dir, 'results.json');
    if (existsSync(out)) return;
    const images = datasetImages(pictures);
    const results = await evaluate({
      images,
      reference: pictures,
      nReference: 100,
      extractor: pixelFeatures({ side: 4, channels: 1 }),
      metrics: ['fd', 'pr'],
      n: 30,
      blocks: 2,
      cache: join(dir, 'cache'),
      chunk: 10,
      keep: pngWriter(join(dir, 'kept')),
      signal,
    });
    await saveResults(out, { images: { name: images.name, ...images.identity }, results });
  },
  open: async dir => {
    await openAll(dir);
    if (existsSync(join(dir, 'results.json'))) await loadResults(join(dir, 'results.json'));
  },
  outcome: async dir => ({
    files: await filesIn(join(dir, 'kept')),
    numbers: (await loadResults(join(dir, 'results.json'))).results,
  }),
};

const drawing: Job = {
  work: async (dir, signal) => {
    const folder = join(dir, 'figures');
    await mkdir(folder, { recursive: true });
    for (let k = 0; k < 6; k++) {
      signal.throwIfAborted();
      const reports = Array.from({ length: 40 }, (_, i) => ({ step: i, images: 4 * i, loss: Math.sin(k + i / 5) }));
      const chart = await renderChart(lossChart({ title: `figure ${k}`, reports, metrics: { loss: 'loss' } }));
      const made = provenance({ preset: 'torture', seeds: [k], date: '', commit: '' });
      await saveFigure(join(folder, String(k)), chart, reports, made);
    }
  },
  open: openAll,
  outcome: async dir => ({ files: await filesIn(dir) }),
};

const STUDIES = ['sweep results', 'training curve', 'statistics'];

/** Studies, whose results are kept in the folder and found there again. */
const studying: Job = {
  work: async (dir, signal) => {
    for (const kind of STUDIES) {
      signal.throwIfAborted();
      await mkdir(join(dir, kind), { recursive: true });
      await CACHE_KINDS[kind].use(join(dir, kind));
    }
  },
  open: openAll,
  outcome: async dir => {
    const numbers: string[] = [];
    for (const kind of STUDIES) numbers.push(await CACHE_KINDS[kind].use(join(dir, kind)));
    return { files: [], numbers };
  },
};

const commanding: Job = {
  work: runCommands,
  open: openAll,
  outcome: async dir => ({ files: await commandFiles(dir) }),
};

/** Every piece of work by its name: a new one is one entry here. */
export const JOBS: Readonly<Record<string, Job>> = {
  'distil, eager': distillation('eager'),
  'distil, onnx': distillation('onnx'),
  sample: sampling,
  evaluate: evaluating,
  figures: drawing,
  studies: studying,
  commands: commanding,
};

/** One text of all bytes of the outcome. */
export const outcomeOf = async (job: Job, dir: string): Promise<string> => {
  const hash = createHash('sha256');
  const { files, numbers } = await job.outcome(dir);
  for (const path of files) hash.update(`${path.slice(dir.length)}\n`).update(await readFile(path));
  hash.update(JSON.stringify(numbers ?? null));
  return `${files.length} files, ${hash.digest('hex')}`;
};
