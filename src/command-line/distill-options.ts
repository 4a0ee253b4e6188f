/* The options of `cosim distill`, and the run that they and a preset ask for. */
import { type Command, Option } from 'commander';
import { type BackendName, BACKENDS } from '../compute/backend';
import { ArgumentError } from '../compute/check';
import { type EngineName, ENGINES } from '../compute/engine-choice';
import { type Split, splits } from '../datasets';
import type { ReferenceOptions } from '../models';
import { DISTILL_PRESET_NAMES, distillPreset, type DistillPreset, type DistillPresetName } from '../runs';
import { DISTILL_METHODS, type DistillMethod } from '../methods';
import { PRECISION_NAMES, type PrecisionName } from '../compute/xla/emitter';
import type { RunOptions } from '../training';
import { type JsonOption, withJson } from './json-output';
import { metricList } from './metric-list';
import { needing } from './needed';
import { withNetworkOptions } from './network-options';
import { count, decimal, devices, flagOf, index, numberList, withOptions } from './options';

const NO_FEATURES = 'none';

export type DistillOptions = ReferenceOptions &
  JsonOption & {
    preset: DistillPresetName;
    out?: string;
    teacher?: string;
    data?: string;
    split: Split;
    method?: DistillMethod['kind'];
    alpha?: number;
    coef?: number;
    R?: number;
    images?: number;
    batch?: number;
    rounds?: number;
    learningRate?: number;
    warmup?: number;
    emaHalflife?: number;
    dropout?: number;
    seed?: number;
    engine?: EngineName;
    workers?: number;
    devices?: number;
    precision?: PrecisionName;
    steps?: number[];
    saveEvery?: number;
    sheetEvery?: number;
    sheetSize: number;
    sampleBatch: number;
    features?: string;
    metrics?: string[];
    evalEvery?: number;
    n?: number;
    blocks?: number;
    nReference?: number;
    estimate?: boolean;
    force?: boolean;
    backend?: BackendName;
  };

/** What a run needs besides its preset: a teacher and data where the preset brings none, and a place. */
const neededOf = ({ preset: name, out, estimate, teacher, data }: Partial<DistillOptions>): Record<string, unknown> => {
  const preset = name === undefined ? undefined : distillPreset(name);
  return {
    '--preset': name,
    ...(estimate !== true && { '--out': out }),
    ...(preset && {
      [`--teacher (${preset.network}, which is not shipped)`]: teacher ?? preset.teacher,
      '--data': data ?? preset.data,
    }),
  };
};

/** Adds them to the command. */
export const withDistillOptions = (command: Command): Command =>
  withOptions(
    command
      .addOption(
        new Option('--preset <name>', 'a run of Table 5, or one of drawn digits').choices(DISTILL_PRESET_NAMES),
      )
      .option('--out <folder>', 'where checkpoints, sheets and measurements go; a run that was stopped goes on there')
      .option(
        '--teacher <file>',
        'checkpoint of the teacher, or a shipped one (default: the shipped one of the preset)',
      )
      .option(
        '--data <name>',
        'name of a data set, zip file or folder (default: the one of the preset, where it has one)',
      )
      .addOption(new Option('--split <name>', 'of data that have two parts').choices(splits).default('train'))
      .addOption(new Option('--method <name>', 'what is minimised (default: cosim)').choices(DISTILL_METHODS))
      .option('--alpha <weight>', 'weight of the squared difference in the generator stage', decimal)
      .option('--coef <weight>', 'alpha (1 + lambda) of CoSIM, the strength of Table 6', decimal)
      .option('--R <n>', 'jumps of 1 to 1/R in pi(s, t) of CoSIM', count)
      .option('--images <n>', 'images to train on in all', count)
      .option('--batch <n>', 'samples of one update', count)
      .option('--rounds <n>', 'equal parts that the batch is computed in: memory, never the gradient', count)
      .option('--learning-rate <rate>', 'of generator and auxiliary', decimal)
      .option('--warmup <n>', 'images over which the learning rate rises from 0', index)
      .option('--ema-halflife <n>', "half-life of the generator's average, images", index)
      .option('--dropout <rate>', 'of generator and auxiliary', decimal)
      .option('--seed <n>', 'of data order, times and noise', index)
      .addOption(
        new Option('--engine <name>', 'what computes the steps (default: auto)').choices([...ENGINES, 'compiled']),
      )
      .option('--workers <n>', 'threads that share a batch (default: by cores and batch)', count)
      .option('--devices <n>', 'accelerators that share a batch: a number or all (default: 1)', devices)
      .addOption(
        new Option('--precision <name>', 'of products on an accelerator (default: auto)').choices(PRECISION_NAMES),
      )
      .option(
        '--steps <list>',
        'steps that sheets and measurements sample in (default: 1,2,4 as far as there are times)',
        numberList,
      )
      .option('--save-every <n>', 'images between two checkpoints', count)
      .option('--sheet-every <n>', 'images between two sheets', count)
      .option('--sheet-size <n>', 'samples of a sheet for each number of steps', count, 20)
      .option('--sample-batch <n>', 'samples computed at a time: memory, never results', count, 64)
      .option(
        '--features <name>',
        'measure, in the features of inception, dinov2, mobilenet, digits or an .onnx file; none: do not',
      )
      .option('--metrics <list>', 'what to measure: fd, kid, ...', metricList)
      .option('--eval-every <n>', 'images between two measurements', count)
      .option('--n <n>', 'images of a block of a measurement', count)
      .option('--blocks <n>', 'blocks of a measurement, each of other seeds (default: 1)', count)
      .option('--n-reference <n>', 'real images to compare with (default: all, 10,000 of drawn data)', count)
      .option('--estimate', 'say what it will take of this machine, and stop')
      .option('--force', 'begin although it will not fit into memory')
      .addOption(new Option('--backend <name>', 'where to compute (default: the best there is)').choices(BACKENDS)),
    withNetworkOptions,
    withJson,
    needing(neededOf),
  );

/** What only a measurement reads. */
const MEASURING = ['metrics', 'evalEvery', 'n', 'blocks', 'nReference'] as const;

/** The feature network that a run measures with; undefined where it measures nothing. */
export const measuringFeatures = ({ features }: { features?: string }): string | undefined =>
  features === NO_FEATURES ? undefined : features;

/** @throws ArgumentError for an option of measurements where there are none */
const refuseUnmeasured = (options: DistillOptions, features?: string): void => {
  const ignored = MEASURING.find(name => options[name] !== undefined);
  if (ignored === undefined || measuringFeatures({ features }) !== undefined) return;
  throw new ArgumentError(`${flagOf(ignored)} is of measurements, of which there are none without --features`);
};

const defined = <T extends object>(options: T): { [K in keyof T]?: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };

/** What is trained: the preset's method and run, with what the command line says in place of single values. */
export type ChosenRun = Omit<DistillPreset, 'network' | 'teacher' | 'data'> & { teacher: string; data: string };

/**
 * A preset with the options given, which are all that it needs.
 * @throws ArgumentError for options that nothing would read
 */
export const chosenRun = (options: DistillOptions): ChosenRun => {
  const {
    preset: name,
    alpha,
    coef,
    R,
    batch,
    rounds,
    learningRate,
    warmup,
    emaHalflife,
    seed,
    engine,
    workers,
    devices: cards,
    precision,
  } = options;
  const preset = distillPreset(name);
  refuseUnmeasured(options, options.features ?? preset.features);
  const { teacher = preset.teacher!, data = preset.data!, method: kind = 'cosim' } = options;
  const base = kind === preset.method.kind ? preset.method : { kind };
  const own: Partial<RunOptions> = {
    batch,
    accumulationRounds: rounds,
    learningRate,
    warmup,
    emaHalflife,
    seed,
    engine,
    workers,
    devices: cards,
    precision,
  };
  const { images, saveEvery, sheetEvery, evalEvery, features, metrics, n, dropout } = options;
  return {
    ...preset,
    ...defined({ images, saveEvery, sheetEvery, evalEvery, features, metrics, n, dropout }),
    teacher,
    data,
    method: { ...base, ...defined({ alpha, coef, R }) },
    run: { ...preset.run, ...defined(own) },
  };
};
