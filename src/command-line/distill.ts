import { Command } from 'commander';
import { dispose } from '@tensorflow/tfjs-core';
import { expectWritableFolder } from '../checkpoints';
import { selectBackend } from '../compute/backend';
import { ArgumentError } from '../compute/check';
import { machineMemory } from '../compute/machine-memory';
import { type Dataset, openDataset, openOtherSplit } from '../datasets';
import { SAMPLING_TIMES } from '../diffusion';
import { loadFeatures } from '../evaluation';
import { loadTeacher } from '../models';
import { type Model, parameterCount } from '../networks';
import {
  checkDistillation,
  checkRunFolder,
  distillIdentity,
  distillRun,
  type DistillRunInput,
  type DistillSetup,
  estimateDistillation,
  stateBytes,
} from '../runs';
import {
  chosenRun,
  type ChosenRun,
  type DistillOptions,
  measuringFeatures,
  withDistillOptions,
} from './distill-options';
import { closingResult, closingText, estimateText, snapshotText, lossText, memoryText } from './distill-report';
import { referenceOptions } from './network-options';
import { asArgument, expectGivenData, expectGivenModel } from './given-paths';
import { giveResult } from './json-output';
import { stoppable } from './stopped';
import { columns, grouped, type Terminal } from './terminal';
import { workingLine } from './working-line';

/** What is distilled, in words. */
const setupText = ({ teacher: file }: ChosenRun, setup: DistillSetup): string => {
  const { method, options } = checkDistillation(setup);
  const { kind, ...rest } = method.config;
  const { name, length, sampleShape } = setup.dataset;
  const { denoiser } = setup.teacher;
  const values = Object.entries(rest)
    .filter(([, value]) => typeof value !== 'object') // the range of noise levels, EDM's
    .map(([key, value]) => `${key} ${String(value)}`);
  const { batch, accumulationRounds, learningRate } = options;
  return columns([
    ['teacher', `${file}: ${denoiser.config.kind}, ${grouped(parameterCount(denoiser.parameters))} parameters`],
    ['data', `${name}, ${length === Infinity ? 'drawn' : grouped(length)} samples of [${sampleShape.join(', ')}]`],
    ['method', `${kind}: ${values.join(', ')}`],
    [
      'run',
      `batch ${grouped(batch)} in ${accumulationRounds} round${accumulationRounds > 1 ? 's' : ''}, learning rate ${learningRate}`,
    ],
  ]);
};

/**
 * The steps of sheets and measurements: those asked for, or 1, 2 and 4 where the method has times for them.
 * @throws ArgumentError for steps without times
 */
const stepsOf = ({ steps }: DistillOptions, setup: DistillSetup): number[] => {
  const { times = SAMPLING_TIMES } = checkDistillation(setup).method;
  const usual = Object.keys(times).map(Number);
  for (const K of steps ?? [])
    if (!usual.includes(K))
      throw new ArgumentError(`--steps: the method has times for ${usual.join(', ')} steps, none for ${K}`);
  return steps ?? (usual.some(K => K in SAMPLING_TIMES) ? usual.filter(K => K in SAMPLING_TIMES) : usual);
};

const refuseTooLarge = (bytes: number, { force }: DistillOptions, advice: string): void => {
  const there = machineMemory();
  if (bytes <= there || force === true) return;
  throw new ArgumentError(
    `memory: the run needs about ${memoryText(bytes)}, this machine has ${memoryText(there)}; ${advice}--force begins all the same`,
  );
};

/** Measures a few small steps and says what the run will take; refuses what does not fit into memory. */
const estimated = async (
  chosen: ChosenRun,
  setup: DistillSetup,
  options: DistillOptions,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<void> => {
  refuseTooLarge(stateBytes(setup), options, 'it is for its parameters alone; ');
  const line = workingLine(terminal);
  const onMeasure = (samples: number): void =>
    line.show({ stage: `estimate, a step of ${samples}`, done: 0, total: samples, made: 0 });
  try {
    const estimate = await estimateDistillation({ ...setup, images: chosen.images, signal, onMeasure });
    line.clear();
    const { images } = chosen;
    if (options.estimate === true) return giveResult(terminal, options, { images, ...estimate }, () => estimateText(estimate, images)); // prettier-ignore
    terminal.err(estimateText(estimate, images));
    refuseTooLarge(estimate.memoryBytes, options, 'more --rounds need less; ');
  } finally {
    line.clear();
  }
};

/** Runs `use` with the part of a run that measures; nothing where it measures nothing. */
const withMetrics = async <T>(
  chosen: ChosenRun,
  setup: DistillSetup,
  options: DistillOptions,
  use: (metrics?: DistillRunInput['metrics']) => Promise<T>,
): Promise<T> => {
  const { metrics, n, evalEvery: every, data } = chosen;
  const features = measuringFeatures(chosen);
  if (features === undefined) return use();
  const extractor = await asArgument('--features', () => loadFeatures(features));
  const { dataset: reference } = setup;
  const { blocks = 1, nReference, sampleBatch: batch } = options;
  const real = await openOtherSplit(data, reference);
  try {
    const common = { reference, nReference, real, extractor, metrics, n, blocks, batch };
    return await use({ ...common, steps: stepsOf(options, setup), every });
  } finally {
    await real?.close?.();
    await extractor.dispose();
  }
};

const train = async (
  chosen: ChosenRun,
  setup: DistillSetup,
  metrics: DistillRunInput['metrics'],
  options: DistillOptions,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<void> => {
  const dir = options.out!;
  const line = workingLine(terminal);
  const { images, saveEvery, sheetEvery: every } = chosen;
  const { sheetSize: n, sampleBatch: batch } = options;
  try {
    const result = await distillRun({
      ...setup,
      dir,
      images,
      saveEvery,
      metrics,
      signal,
      sheets: { every, n, batch, steps: stepsOf(options, setup) },
      onProgress: ({ report, ...work }) => line.show({ ...work, ...(report && { note: lossText(report) }) }),
      onCompile: line.compiling,
      onSnapshot: snapshot => {
        line.clear();
        terminal.err(snapshotText(snapshot));
      },
    });
    line.clear();
    giveResult(terminal, options, closingResult(dir, result), () => closingText(dir, result));
  } finally {
    line.clear();
  }
};

/** Everything that is open while a run goes on. */
const withSetup = async <T>(
  chosen: ChosenRun,
  options: DistillOptions,
  use: (setup: DistillSetup) => Promise<T>,
): Promise<T> => {
  const dataset: Dataset = await openDataset(chosen.data, { split: options.split });
  let teacher: Model | undefined;
  try {
    teacher = await asArgument('--teacher', () => loadTeacher(chosen.teacher, referenceOptions(options)));
    return await use({ teacher, dataset, dropout: chosen.dropout, method: chosen.method, run: chosen.run });
  } finally {
    dispose(teacher?.parameters ?? []);
    await dataset.close?.();
  }
};

/** `cosim distill`. */
export const distillCommand = (terminal: Terminal): Command =>
  withDistillOptions(
    new Command('distill')
      .summary('train a few-step generator from a teacher')
      .description(
        'Distils a teacher into a generator of few steps (Algorithm 2) by a preset of Table 5, or by one of drawn digits ' +
          'that takes minutes. Before it starts it says how long it will take and how much memory, from a few small steps. ' +
          'On the way it draws sheets of the same seeds and classes, measures where --features says by what, and saves. ' +
          'Ctrl-C stops it after a step, with a checkpoint; the same command goes on, to the same bits.',
      ),
  )
    .addHelpText(
      'after',
      `
Examples:
  $ cosim distill --preset digits --out runs/first
  $ cosim distill --preset cifar10-uncond --teacher edm-cifar10-32x32-uncond-vp.pkl --data cifar-10-batches-bin --out runs/c10
  $ cosim distill --preset cifar10-uncond --teacher edm-cifar10-32x32-uncond-vp.pkl --data cifar10 --estimate
  $ cosim distill --preset digits --images 6400 --coef 0.75 --R 8 --seed 1 --out runs/weaker`,
    )
    .action(async (options: DistillOptions) => {
      const chosen = chosenRun(options);
      const { out, estimate, backend } = options;
      if (estimate !== true) await expectWritableFolder('--out', out!);
      await expectGivenModel('--teacher', chosen.teacher);
      expectGivenData('--data', chosen.data);
      await selectBackend(backend ? { backend } : {});
      await stoppable('stopped; the same command goes on where it was', signal =>
        withSetup(chosen, options, async setup => {
          terminal.err(setupText(chosen, setup));
          stepsOf(options, setup); // refuses before anything is measured
          const state = out === undefined ? 'new' : await checkRunFolder(out, await distillIdentity(setup));
          await withMetrics(chosen, setup, options, async metrics => {
            if (state === 'new' || estimate === true) await estimated(chosen, setup, options, terminal, signal);
            if (estimate !== true) await train(chosen, setup, metrics, options, terminal, signal);
          });
        }),
      );
    });
