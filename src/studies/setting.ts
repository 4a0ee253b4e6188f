import type { RunOptions } from '../training';
import type { FigureMaking } from './figure-folder';

/** The values by which presets give the options of a run. */
export type RunValues = {
  /** Samples of an update. */
  batch: number;
  /** In so many parts. */
  rounds: number;
  /** Adam's. */
  learningRate: number;
  /** Adam's, with `eps`. */
  beta2: number;
  eps: number;
  /** Of the moving average, in images. */
  emaHalflife: number;
  /** The part of the images seen to which a young average's half-life is held. */
  emaRampup: number;
  /** Adam's, where it is not the method's own. */
  beta1?: number;
};

/** The options of a run, out of a notebook's parameters. */
export const runOf = ({ batch, rounds, learningRate, beta1, beta2, eps, emaHalflife, emaRampup }: RunValues): Partial<RunOptions> => ({
  batch,
  accumulationRounds: rounds,
  learningRate,
  ...(beta1 !== undefined && { beta1 }),
  beta2,
  eps,
  emaHalflife,
  emaRampup,
}); // prettier-ignore

/** The values by which presets give the options of `imageTask`. */
export type TaskValues = {
  teacher: string;
  data: string;
  others: string;
  features: readonly string[];
  reference: number;
  dropout: number;
};

/** The options of `imageTask`, out of a notebook's parameters. */
export const taskOf = ({ teacher, data, others, features, reference, dropout }: TaskValues): TaskValues => ({
  teacher,
  data,
  others,
  features,
  reference,
  dropout,
});

/** How the figures of a notebook with these parameters are made: what `keepFigure` keeps beside them. */
export const makingOf = (
  parameters: Readonly<Record<string, unknown>> & { readonly preset: string },
  more: Readonly<Record<string, unknown>> = {},
): FigureMaking => {
  const { seeds, seed = 0 } = parameters as { seeds?: readonly number[]; seed?: number };
  return { preset: parameters.preset, seeds: seeds ?? [seed], parameters: { ...parameters }, ...more };
};
