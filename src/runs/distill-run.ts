/*
 * A long distillation in a folder: training with checkpoints, sheets of samples and measurements on the way. Stopped
 * anywhere, the same call goes on to the same bits.
 */
import { join } from 'node:path';
import { CheckpointError, type FolderLock, lockFolder } from '../checkpoints';
import { expectInteger, fail } from '../compute/check';
import type { Dataset } from '../datasets';
import { SAMPLING_TIMES } from '../diffusion';
import { type Method, methodFromConfig, type DistillMethod } from '../methods';
import { sha256OfWeights } from '../models';
import { type Denoiser, denoiserFromConfig, type Model } from '../networks';
import {
  distill,
  type EngineReport,
  expectDataFits,
  expectTaughtClasses,
  type IterationReport,
  Run,
  newRunOptions,
  type RunOptions,
  TrainingError,
} from '../training';
import { checkRunFolder, claimRunFolder, type RunIdentity } from './distill-folder';
import { checkMeasuring, type MeasureOptions, measureRun, METRICS, type RunMeasurement } from './distill-metrics';
import { drawSheet, type SheetOptions } from './distill-sheets';

/** What is distilled and how: all that the numbers depend on. */
export type DistillSetup = {
  /** Stays the caller's. */
  teacher: Model;
  /** Of generator and auxiliary, default the teacher's. */
  dropout?: number;
  dataset: Dataset;
  /** How it is distilled, default CoSIM. */
  method?: DistillMethod;
  run?: Partial<RunOptions>;
};

/** Where a long run stands, in images of the stage; `made` of the `done` were made since the stage began. */
export type DistillProgress = {
  /** 'training', 'sheet', '4 steps, measured', ... */
  stage: string;
  done: number;
  total: number;
  made: number;
  /** While training. */
  report?: IterationReport;
};

/** What was seen of the generator after so many images. */
export type Snapshot = { images: number; sheet?: string; measured: readonly RunMeasurement[] };

/** Input of `distillRun`. */
export type DistillRunInput = DistillSetup & {
  /** Checkpoints, sheets/ and metrics/. */
  dir: string;
  /** Train until the run has seen this many in all. */
  images: number;
  /** Images between two checkpoints. */
  saveEvery: number;
  /** Images between two; one also at the start and at the end. */
  sheets?: SheetOptions & { every: number };
  /** Images between two; also at the end. */
  metrics?: MeasureOptions & { every: number };
  /** Stops after the current step, with a checkpoint, by throwing the signal's reason. */
  signal?: AbortSignal;
  /** After every step. */
  onProgress?: (progress: DistillProgress) => void;
  /** Every second while the steps are compiled: seconds since that began. */
  onCompile?: (seconds: number) => void;
  /** After every sheet or measurement. */
  onSnapshot?: (look: Snapshot) => void;
};

/** How a distillation ended. */
export type DistillRunResult = {
  images: number;
  /** Iterations. */
  steps: number;
  history: readonly IterationReport[];
  engine: EngineReport;
  /** Where the run stands at the end. */
  last: Snapshot;
};

const where = 'distill';

/** The generator: the teacher's network, with the run's dropout where it has any. */
export const generatorOf = ({ teacher: { denoiser }, dropout }: DistillSetup): Denoiser =>
  dropout === undefined || denoiser.config.dropout === undefined
    ? denoiser
    : denoiserFromConfig({ ...denoiser.config, dropout });

/**
 * The method of a distillation and its options, all checked: nothing is allocated.
 * @throws ArgumentError for options out of range, and where teacher and data do not fit
 */
export const checkDistillation = (given: DistillSetup): { method: Method; options: RunOptions } => {
  const { teacher, dataset, method: chosen, run } = given;
  const options = newRunOptions(run ?? {});
  const method = methodFromConfig(chosen ?? { kind: 'cosim' }, { theta: teacher.denoiser, phi: generatorOf(given) });
  expectDataFits(where, method, dataset, options);
  expectTaughtClasses(where, method);
  return { method, options };
};

/** What tells a distillation from others: two of the same identity give the same numbers. */
export const distillIdentity = async (given: DistillSetup): Promise<RunIdentity> => {
  const { method, options } = checkDistillation(given);
  const { teacher, dataset } = given;
  return {
    teacher: { network: teacher.denoiser.config, sha256: await sha256OfWeights(teacher.parameters) },
    generator: generatorOf(given).config,
    data: { name: dataset.name, ...dataset.provenance },
    method: method.config,
    run: options,
  };
};

/** A fresh run of a distillation. */
export const startDistillation = (given: DistillSetup): Run => {
  const { teacher, dataset, method, run } = given;
  const start = { denoiser: generatorOf(given), parameters: teacher.parameters };
  return distill({ teacher, start, dataset, method, run });
};

const checkSteps = (name: string, steps: readonly number[], { times = SAMPLING_TIMES }: Method): void => {
  for (const K of steps)
    if (!(K in times)) fail(where, name, `numbers of steps that have times: ${Object.keys(times).join(', ')}`, K);
};

/** Refuses what would fail hours later. */
const check = (input: DistillRunInput): void => {
  const { images, saveEvery, sheets, metrics } = input;
  const { method } = checkDistillation(input);
  expectInteger(where, 'images', images, { min: 1 });
  expectInteger(where, 'saveEvery', saveEvery, { min: 1 });
  for (const [name, part] of Object.entries({ sheets, metrics })) {
    if (!part) continue;
    expectInteger(where, `${name}.every`, part.every, { min: 1 });
    expectInteger(where, `${name}.n`, part.n, { min: 1 });
    expectInteger(where, `${name}.batch`, part.batch, { min: 1 });
    checkSteps(`${name}.steps`, part.steps, method);
  }
  if (metrics) checkMeasuring(method.denoisers.phi!, metrics);
};

/** The first end of a step at or behind the next multiple of `every`. */
const nextAfter = (images: number, every: number, batch: number): number =>
  Math.ceil(((Math.floor(images / every) + 1) * every) / batch) * batch;

/** Whether the step that ended at `images` passed a multiple of `every`. */
const isDue = (images: number, every: number, batch: number): boolean =>
  images > 0 && Math.floor(images / every) > Math.floor((images - batch) / every);

/** What is to be seen of the generator at this place of the run. */
const look = async (
  run: Run,
  { dir, images, sheets, metrics, signal, onProgress }: DistillRunInput,
): Promise<Snapshot> => {
  const { batch } = run.options;
  const atEnd = run.images >= images;
  const seen: Snapshot = { images: run.images, measured: [] };
  if (sheets && (run.images === 0 || atEnd || isDue(run.images, sheets.every, batch))) {
    const onDone = (done: number, total: number): void => onProgress?.({ stage: 'sheet', done, total, made: done });
    seen.sheet = await drawSheet(run, join(dir, 'sheets'), sheets, { signal, onDone });
  }
  if (metrics && (atEnd || isDue(run.images, metrics.every, batch)))
    seen.measured = await measureRun(run, join(dir, METRICS), metrics, {
      signal,
      onProgress: (steps, { stage, ...rest }) => onProgress?.({ stage: `${steps} steps, ${stage}`, ...rest }),
    });
  return seen;
};

/** Trains to the next place where something is to be saved or seen. */
const trainOn = async (run: Run, input: DistillRunInput, lock: FolderLock): Promise<void> => {
  const { images: total, saveEvery, sheets, metrics, signal, onProgress, onCompile } = input;
  const every = [saveEvery, ...[sheets, metrics].flatMap(part => (part ? [part.every] : []))];
  const images = Math.min(total, ...every.map(each => nextAfter(run.images, each, run.options.batch)));
  const from = run.images;
  onProgress?.({ stage: 'training', done: from, total, made: 0 });
  await run.train({
    images,
    lock,
    signal,
    onCompile,
    onReport: report =>
      onProgress?.({ stage: 'training', done: report.images, total, made: report.images - from, report }),
  });
  signal?.throwIfAborted();
};

/** Refuses to call a run done whose last step was not finite. */
const expectConverging = (run: Run): void => {
  const bad = ({ nonFinite, ...report }: IterationReport): boolean =>
    nonFinite > 0 || Object.entries(report).some(([name, value]) => name.endsWith('Loss') && !Number.isFinite(value));
  let since = 0;
  while (since < run.history.length && bad(run.history[run.history.length - 1 - since])) since++;
  if (since > 0)
    throw new TrainingError(
      `the run diverged: losses or gradients of its last ${since === 1 ? 'step' : `${since} steps`} were not finite`,
    );
};

const runIn = async (lock: FolderLock, input: DistillRunInput, identity: RunIdentity): Promise<DistillRunResult> => {
  const { dir, dataset, images, signal, onSnapshot } = input;
  const state = await checkRunFolder(dir, identity);
  await claimRunFolder(dir, identity);
  const run = state === 'begun' ? await Run.load(dir, { dataset }) : startDistillation(input);
  try {
    signal?.throwIfAborted();
    let last = await look(run, input);
    onSnapshot?.(last);
    while (run.images < images) {
      await trainOn(run, input, lock);
      last = await look(run, input);
      onSnapshot?.(last);
    }
    if ((await lock.state()) !== 'held') await run.save(lock); // saves once more, and says what happened
    expectConverging(run);
    return { images: run.images, steps: run.step, history: [...run.history], engine: run.engineReport, last };
  } finally {
    run.dispose();
  }
};

/**
 * Distils in a folder, or goes on where the folder's run was stopped.
 * @throws ArgumentError before any work for bad options, for teacher and data that do not fit, and for a folder with
 * something else; CheckpointError 'locked' while another process has the folder, 'vanished' when it was deleted on the
 * way; TrainingError when the last steps were not finite; the signal's reason when stopped: the same call goes on
 */
export const distillRun = async (input: DistillRunInput): Promise<DistillRunResult> => {
  check(input);
  const identity = await distillIdentity(input);
  const lock = await lockFolder(input.dir);
  try {
    return await runIn(lock, input, identity);
  } catch (error) {
    const gone = error instanceof CheckpointError && error.code === 'vanished' && (await lock.state()) === 'gone';
    if (gone) await claimRunFolder(input.dir, identity); // what was saved once more can be gone on from
    throw error;
  } finally {
    await lock.release();
  }
};
