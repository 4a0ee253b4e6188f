/*
 * The real run: unconditional CIFAR-10 at 16 x 16 from data to few-step generator on two cores. A teacher, CoSIM from it,
 * and both measured by the same features against the same images. Every stage goes on where it was stopped.
 */
import type { Samples } from '../compute/host-arrays';
import { join } from 'node:path';
import { newestFolder } from '../checkpoints';
import { cifar10, type Dataset, downsampled, mirrored, type Split } from '../datasets';
import { SAMPLING_TIMES } from '../diffusion';
import { drawnImages, evaluate } from '../evaluation';
import type { FeatureExtractor, MetricResult } from '../metrics';
import { sha256OfWeights } from '../models';
import { ddpmpp, edmDenoiser, type Model } from '../networks';
import { sampleHeun, sampleMultistep, type SamplerInput } from '../samplers';
import type { DistillMethod } from '../methods';
import { distill, type IterationReport, pretrain, Run, type RunOptions } from '../training';
import { sweep } from './sweep';

/** Configuration of a whole run on CIFAR-10 at 16 x 16: teacher, generator, measurements. */
export type Cifar10Run = {
  /** Of the teacher; generator and auxiliary start as it. */
  network: Parameters<typeof ddpmpp>[0];
  /** Images that the teacher is trained on. */
  teacherImages: number;
  teacher: Partial<RunOptions>;
  method: DistillMethod;
  /** Options of CoSIM's run. */
  run: Partial<RunOptions>;
  /** CoSIM's training images at which it is measured, rising; the last ends the run. */
  evaluateAt: readonly number[];
  /** Network evaluations of the generator. */
  steps: readonly number[];
  /** Of the teacher by EDM's Heun sampler, NFE. */
  evaluations: readonly number[];
  metrics: readonly string[];
  /** Images of one block of seeds. */
  n: number;
  /** Of seeds, at the end; on the way one. */
  blocks: number;
};

/** The run of `npm run cifar10`, for two cores. */
export const CIFAR10_RUN: Cifar10Run = {
  network: {
    resolution: 16,
    channels: 3,
    classes: 0,
    modelChannels: 64,
    channelMult: [1, 2],
    blocks: 1,
    attention: [8],
    dropout: 0,
  },
  teacherImages: 294_400,
  teacher: {
    batch: 64,
    learningRate: 1e-3,
    warmup: 6_400,
    beta1: 0.9,
    beta2: 0.999,
    emaHalflife: 16_000,
    emaRampup: 0.05,
    seed: 0,
  },
  method: { kind: 'cosim', alpha: 1.2, coef: 1, R: 4 },
  run: { batch: 64, learningRate: 1e-4, emaHalflife: 2_000, emaRampup: 0.1, seed: 0 },
  evaluateAt: [3_200, 6_400, 12_800, 25_600],
  steps: [1, 2, 4],
  evaluations: [9, 35],
  metrics: ['fd', 'kid', 'pr'],
  n: 1000,
  blocks: 3,
};

/**
 * CIFAR-10 at 16 x 16 (means of 2 x 2 pixels), from the folder of the binary version.
 * @throws DatasetError when the files are not there or damaged
 */
export const cifar10Small = async (folder: string, split: Split): Promise<Dataset> =>
  downsampled(await cifar10(folder, { split }), 2);

/** A sampler that was measured: the generator in so many steps after so many images, or the teacher. */
export type Cifar10Point = { series: 'CoSIM' | 'teacher'; steps: number; images: number; results: MetricResult[] };

/** Progress and interruption of `runCifar10`. */
export type Cifar10Callbacks = {
  onStep?: (stage: 'teacher' | 'CoSIM', report: IterationReport, total: number) => void;
  /** In images of the stage at hand. */
  onMeasure?: (what: string, done: number, total: number) => void;
  /** Stops after the current step, with a checkpoint, by throwing the signal's reason. */
  signal?: AbortSignal;
};

/** Input of `runCifar10`. */
export type Cifar10Input = Cifar10Callbacks & {
  /** 16 x 16; mirror images are added for training, never to the reference. */
  train: Dataset;
  /** The floor's real images. */
  test: Dataset;
  extractor: FeatureExtractor;
  /** Runs and features. */
  dir: string;
  options?: Cifar10Run;
};

/** What the run gives: measurements at the end and on the way, and both histories. */
export type Cifar10Results = {
  /** At the end: all blocks. */
  points: Cifar10Point[];
  /** Of CoSIM on the way: one block. */
  curve: Cifar10Point[];
  teacherHistory: readonly IterationReport[];
  history: readonly IterationReport[];
};

const SAVE_EVERY = 12_800; // images

/** A run that goes on from its folder, or starts. */
const continued = async (dir: string, dataset: Dataset, start: () => Run): Promise<Run> =>
  (await newestFolder(dir)) === undefined ? start() : Run.load(dir, { dataset });

/** The teacher's samples by EDM's Heun sampler at an NFE, or a generator's by Algorithm 1 in so many steps. */
export const cifar10Sampler =
  (series: Cifar10Point['series'], model: Model, steps: number) =>
  (request: Omit<SamplerInput, keyof Model>): Promise<Samples> =>
    series === 'teacher'
      ? sampleHeun({ ...model, ...request, steps: (steps + 1) / 2 })
      : sampleMultistep({ ...model, ...request, times: SAMPLING_TIMES[steps] });

/** Trains the teacher, or goes on, and returns its run. */
const trainTeacher = async (
  { dir, onStep, signal }: Cifar10Input,
  data: Dataset,
  { network, teacherImages, teacher }: Cifar10Run,
): Promise<Run> => {
  const folder = join(dir, 'teacher');
  const run = await continued(folder, data, () =>
    pretrain({ denoiser: edmDenoiser(ddpmpp(network)), dataset: data, run: teacher }),
  );
  await run.train({
    images: teacherImages,
    dir: folder,
    saveEvery: SAVE_EVERY,
    signal,
    onStep: report => onStep?.('teacher', report, teacherImages),
  });
  signal?.throwIfAborted();
  return run;
};

/**
 * The whole run; `use` is given the teacher and the final generator, for pictures, while they live.
 * @throws the signal's reason when stopped: the same call goes on
 */
export const runCifar10 = async (
  input: Cifar10Input,
  use?: (models: { teacher: Model; generator: Model }, results: Cifar10Results) => Promise<void>,
): Promise<Cifar10Results> => {
  const { train, test, extractor, dir, onStep, onMeasure, signal, options = CIFAR10_RUN } = input;
  const { steps, evaluations, evaluateAt, blocks } = options;
  const total = evaluateAt[evaluateAt.length - 1];
  const data = mirrored(train);

  const teacherRun = await trainTeacher(input, data, options);
  const denoiser = teacherRun.method.denoisers.phi!;
  const teacher: Model = { denoiser, parameters: teacherRun.parameters('ema') };
  const folder = join(dir, 'cosim');
  const run = await continued(folder, data, () =>
    distill({ teacher, dataset: data, method: options.method, run: options.run }),
  );
  /** One sampler's results, kept in `dir/points`; nothing where the generator has trained on since without them. */
  const measure = async (
    series: Cifar10Point['series'],
    model: Model,
    at: { steps: number; images: number; blocks: number },
  ): Promise<Cifar10Point[]> => {
    const name = `${series}, NFE ${at.steps}`;
    const entries = await sweep({
      code: __filename,
      configs: [{ series, ...at, options }],
      folder: join(dir, 'points'),
      evaluate: async (): Promise<MetricResult[] | undefined> => {
        if (series === 'CoSIM' && run.images !== at.images) return undefined;
        const sampler = series === 'teacher' ? 'EDM Heun' : SAMPLING_TIMES[at.steps].join(', ');
        const weights = await sha256OfWeights(model.parameters);
        return evaluate({
          images: drawnImages({
            name,
            shape: model.denoiser.sampleShape,
            classes: model.denoiser.classes,
            identity: { name, weights, sampler },
            draw: cifar10Sampler(series, model, at.steps),
          }),
          reference: train,
          real: test,
          extractor,
          metrics: options.metrics,
          n: options.n,
          blocks: at.blocks,
          signal,
          cache: join(dir, 'features'),
          onProgress: ({ stage, done, total: all }) =>
            onMeasure?.(`${name} after ${at.images} images, ${stage}`, done, all),
        });
      },
    });
    return entries.map(({ result }) => ({ series, steps: at.steps, images: at.images, results: result }));
  };

  try {
    const model = (): Model => ({ denoiser, parameters: run.parameters('ema') });
    const curve: Cifar10Point[] = [];
    for (const images of evaluateAt) {
      await run.train({
        images,
        dir: folder,
        saveEvery: SAVE_EVERY,
        signal,
        onStep: report => onStep?.('CoSIM', report, total),
      });
      signal?.throwIfAborted();
      for (const nfe of steps) curve.push(...(await measure('CoSIM', model(), { steps: nfe, images, blocks: 1 })));
    }
    const points: Cifar10Point[] = [];
    for (const nfe of steps)
      points.push(...(await measure('CoSIM', model(), { steps: nfe, images: run.images, blocks })));
    for (const nfe of evaluations)
      points.push(...(await measure('teacher', teacher, { steps: nfe, images: teacherRun.images, blocks })));
    const results = { points, curve, teacherHistory: [...teacherRun.history], history: [...run.history] };
    await use?.({ teacher, generator: model() }, results);
    return results;
  } finally {
    run.dispose();
    teacherRun.dispose();
  }
};
