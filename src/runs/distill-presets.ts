import { unknownName } from '../compute/check';
import { type TeacherName, TEACHERS } from '../models';
import type { DistillMethod } from '../methods';
import { PAPER_PRESET_NAMES, paperPreset, type PaperPresetName, type RunOptions } from '../training';

/** A whole distillation by name: the paper's own, and one that needs no download. */
export type DistillPreset = {
  /** The published or shipped teacher that it is for. */
  network: string;
  /** Name of the teacher, where that one is shipped. */
  teacher?: TeacherName;
  /** Name or path of the data. */
  data?: string;
  /** Dropout rate of generator and auxiliary. */
  dropout: number;
  method: DistillMethod;
  run: Partial<RunOptions>;
  /** Images to train on. */
  images: number;
  /** Images between two checkpoints. */
  saveEvery: number;
  /** Images between two sheets. */
  sheetEvery: number;
  /** Images between two measurements. */
  evalEvery: number;
  /** Network that measures; by default nothing is measured. */
  features?: string;
  metrics: readonly string[];
  /** Images of a block of a measurement. */
  n: number;
};

/** [C] The paper does not say when it looked; these are steps of Table 6's axis. */
const LOOKS = { saveEvery: 204_800, sheetEvery: 204_800, evalEvery: 1_024_000 };

const ofPaper = (name: PaperPresetName): DistillPreset => {
  const { teacher, generator, run, method, images } = paperPreset(name);
  const dropout = Number(generator.config.dropout);
  return { network: teacher, dropout, method, run, images, ...LOOKS, metrics: ['fd'], n: 50_000 };
};

/** Drawn digits 16 x 16 in minutes on two cores. */
const DIGITS: DistillPreset = {
  network: TEACHERS.digits.file,
  teacher: 'digits',
  data: 'digits',
  dropout: 0,
  method: { kind: 'cosim', alpha: 1.2, coef: 1, R: 4 },
  run: { batch: 64, accumulationRounds: 1, learningRate: 1e-4, emaHalflife: 2_560, emaRampup: 0.5 },
  images: 19_200,
  saveEvery: 3_200,
  sheetEvery: 3_200,
  evalEvery: 6_400,
  features: 'digits',
  metrics: ['fd'],
  n: 500,
};

/** A preset of `cosim distill`. */
export type DistillPresetName = PaperPresetName | 'digits';
/** The presets of `cosim distill`. */
export const DISTILL_PRESET_NAMES: readonly DistillPresetName[] = [...PAPER_PRESET_NAMES, 'digits'];

/**
 * `distillPreset('cifar10-uncond')`.
 * @throws ArgumentError for an unknown name
 */
export const distillPreset = (name: DistillPresetName): DistillPreset => {
  if (!DISTILL_PRESET_NAMES.includes(name)) throw unknownName('distillPreset', 'preset', name, DISTILL_PRESET_NAMES);
  return name === 'digits' ? DIGITS : ofPaper(name);
};
