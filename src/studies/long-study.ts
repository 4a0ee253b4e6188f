/*
 * The trainings that are long enough for the paper's claims to show: a teacher where none is shipped, and from it several
 * generators on equal data, each kept at rising numbers of training images. What is trained is said here, how it is kept
 * in milestones.ts, how it is measured in long-study-points.ts.
 */
import type { Dataset } from '../datasets';
import { type CosimOptions, type DistillMethod, METHOD_PRESETS, type MethodPresetName } from '../methods';
import { sha256OfWeights, type TeacherName } from '../models';
import { ddpmpp, edmDenoiser, type Model } from '../networks';
import { distill, pretrain, type RunOptions } from '../training';
import type { Measuring } from './long-study-points';
import type { MilestoneTraining } from './milestones';

/** A teacher that is trained first. */
export type TeacherTraining = {
  network: Parameters<typeof ddpmpp>[0];
  run: Partial<RunOptions>;
  /** Training images at which its average is kept. */
  keepAt: readonly number[];
};

/** One generator of a study. */
export type Arm = {
  /** What it is called in figures, seeds apart. */
  series: string;
  /** alpha (1 + lambda), of CoSIM. */
  coef?: number;
  method: DistillMethod;
  /** In the place of the study's. */
  run?: Partial<RunOptions>;
  seed: number;
  /** Network evaluations that it is measured at; default: the study's. */
  steps?: readonly number[];
};

/** A study: what is distilled, how, and where it is measured. */
export type LongStudy = {
  /** Trained first, or shipped. */
  teacher: TeacherTraining | TeacherName;
  /** Of every generator, besides its seed. */
  run: Partial<RunOptions>;
  /** Training images at which every generator's average is kept. */
  keepAt: readonly number[];
  /** By name, the most important first. */
  arms: Readonly<Record<string, Arm>>;
  /** Of the last milestone of every arm; on the way one block. */
  measuring: Measuring;
  /** Of the teacher, by NFE, which takes longest. */
  ofTeacher: Pick<Measuring, 'steps' | 'blocks'>;
  /** Where its trainings lie; default: its own name. Studies of one folder share the arms that are the same in both. */
  folder?: string;
};

const COSIM = { kind: 'cosim', alpha: 1.2, R: 4 } as const;

const cosimArm = (coef: number, seed: number): Arm => ({
  series: coef === 1 ? 'CoSIM' : `CoSIM, coef ${coef}`,
  coef,
  method: { ...COSIM, coef },
  seed,
});

/** CoSIM in all but what is said. */
const changedArm = (what: string, seed: number, method: Partial<CosimOptions>, run?: Partial<RunOptions>): Arm => ({
  ...cosimArm(1, seed),
  series: `CoSIM, ${what}`,
  method: { ...COSIM, coef: 1, ...method },
  ...(run && { run }),
});

/** A larger R, which shorter trainings need. */
const R16 = {
  'R16-seed0': changedArm('R 16', 0, { R: 16 }),
  'R16-seed1': changedArm('R 16', 1, { R: 16 }),
  'R16-seed2': changedArm('R 16', 2, { R: 16 }),
};

const presetArm = (preset: MethodPresetName, seed: number): Arm => {
  const { name, method, steps } = METHOD_PRESETS[preset];
  return { series: name, method, seed, steps };
};

/** Multiples of 256, and of what the paper's Table 6 begins with. */
const KEEP_AT = [51_200, 102_400, 204_800, 409_600, 614_400, 819_200, 1_024_000, 1_536_000, 2_048_000];

/** Batches of 64 at 1e-4, which two cores can do, in steps four times as large: Adam's rate goes with the root. */
const RUN = { batch: 256, learningRate: 2e-4, emaHalflife: 20_000, emaRampup: 0.05 } as const;

/** The studies of `npm run study`. */
export const LONG_STUDIES = {
  /** Unconditional CIFAR-10 at 16 x 16, mirror images included; 3.0 M parameters. */
  cifar10: {
    teacher: {
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
      run: {
        batch: 256,
        learningRate: 1e-3,
        warmup: 51_200,
        beta1: 0.9,
        beta2: 0.999,
        emaHalflife: 200_000,
        emaRampup: 0.05,
      },
      keepAt: [512_000, 1_024_000, 2_048_000, 4_096_000],
    },
    run: RUN,
    keepAt: KEEP_AT,
    arms: {
      'coef1-seed0': cosimArm(1, 0),
      'coef0.5-seed0': cosimArm(0.5, 0),
      'sid-seed0': presetArm('sid', 0),
      'coef1-seed1': cosimArm(1, 1),
      'coef0.5-seed1': cosimArm(0.5, 1),
      'coef0.75-seed0': cosimArm(0.75, 0),
      'moments4-seed0': presetArm('moments4', 0),
      'sidOne-seed0': presetArm('sidOne', 0),
      'hsivi-seed0': presetArm('hsivi', 0),
    },
    measuring: { steps: [1, 2, 4], metrics: ['fd', 'kid'], n: 2000, blocks: 3 },
    ofTeacher: { steps: [35], blocks: 1 },
  },
  /** Drawn digits, class-conditional, from the shipped teacher; 0.3 M parameters. */
  digits: {
    teacher: 'digits',
    run: RUN,
    keepAt: KEEP_AT.slice(0, 7),
    arms: {
      'coef1-seed0': cosimArm(1, 0),
      'coef1-seed1': cosimArm(1, 1),
      'coef1-seed2': cosimArm(1, 2),
      'coef0.5-seed0': cosimArm(0.5, 0),
      'coef0.5-seed1': cosimArm(0.5, 1),
      'coef0.5-seed2': cosimArm(0.5, 2),
      ...R16,
      'sid-seed0': presetArm('sid', 0),
      'moments4-seed0': presetArm('moments4', 0),
      'sid-seed1': presetArm('sid', 1),
      'moments4-seed1': presetArm('moments4', 1),
      'sid-seed2': presetArm('sid', 2),
      'moments4-seed2': presetArm('moments4', 2),
    },
    measuring: { steps: [1, 2, 4, 6], metrics: ['fd'], n: 2000, blocks: 3 },
    ofTeacher: { steps: [9, 35], blocks: 3 },
  },
  /** What makes a short training worse in more steps: CoSIM on drawn digits with one setting changed, beside three unchanged. */
  settings: {
    teacher: 'digits',
    run: RUN,
    keepAt: KEEP_AT.slice(0, 5),
    arms: {
      'coef1-seed0': cosimArm(1, 0),
      'coef1-seed1': cosimArm(1, 1),
      'coef1-seed2': cosimArm(1, 2),
      ...R16,
      'phi0.8-seed0': changedArm('s of phi to 0.8', 0, { phiMaxRs: 0.8 }),
      'rate1e-4-seed0': changedArm('rate 1e-4', 0, {}, { learningRate: 1e-4 }),
      'rate4e-4-seed0': changedArm('rate 4e-4', 0, {}, { learningRate: 4e-4 }),
      'R1-seed0': changedArm('R 1', 0, { R: 1 }),
    },
    measuring: { steps: [1, 2, 4, 6], metrics: ['fd'], n: 2000, blocks: 3 },
    ofTeacher: { steps: [35], blocks: 3 },
    folder: 'digits',
  },
} as const satisfies Record<string, LongStudy>;

/** A study of `npm run study`. */
export type LongStudyName = keyof typeof LONG_STUDIES;

/** The training of a study's own teacher on `dataset`. */
export const teacherTraining = ({ network, run, keepAt }: TeacherTraining, dataset: Dataset): MilestoneTraining => ({
  depends: { network, run, dataset: dataset.provenance },
  dataset,
  begin: () => pretrain({ denoiser: edmDenoiser(ddpmpp(network)), dataset, run }),
  keepAt,
});

/**
 * The training of one of a study's generators from `teacher`, whose parameters must live until it has begun.
 * @param overrides what computes it: engine, precision, devices, workers
 */
export const armTraining = async (
  { run, keepAt }: Pick<LongStudy, 'run' | 'keepAt'>,
  { method, run: own, seed }: Arm,
  teacher: Model,
  dataset: Dataset,
  overrides: Pick<Partial<RunOptions>, 'engine' | 'precision' | 'devices' | 'workers'> = {},
): Promise<MilestoneTraining> => {
  const options = { ...run, ...own };
  return {
    depends: {
      teacher: await sha256OfWeights(teacher.parameters),
      method,
      run: options,
      seed,
      dataset: dataset.provenance,
    },
    dataset,
    begin: () => distill({ teacher, dataset, method, run: { ...options, ...overrides, seed } }),
    keepAt,
  };
};

/** Name of the folder that a study's trainings lie in. */
export const studyFolder = (name: LongStudyName): string => (LONG_STUDIES[name] as LongStudy).folder ?? name;
