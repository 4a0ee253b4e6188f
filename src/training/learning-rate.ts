import { expectNumber } from '../compute/check';

/** EDM2's schedule. */
export type LearningRateOptions = {
  /** The rate at its highest. */
  reference: number;
  /** Batches after which it decays as 1 / sqrt; 0: never. */
  referenceBatches: number;
  /** Images over which it grows from 0; 0: none. */
  rampup: number;
};

/**
 * EDM2's learning rate (Karras et al. 2024, eq. 67): reference / sqrt(max(n / (referenceBatches batch), 1)) with a linear
 * start min(n / rampup, 1), n images seen before this batch.
 */
export const learningRateAt = (
  imagesSeen: number,
  batch: number,
  { reference, referenceBatches, rampup }: LearningRateOptions,
): number => {
  expectNumber('learningRateAt', 'imagesSeen', imagesSeen, { min: 0 });
  expectNumber('learningRateAt', 'batch', batch, { above: 0 });
  const decay = referenceBatches > 0 ? Math.sqrt(Math.max(imagesSeen / (referenceBatches * batch), 1)) : 1;
  return (reference / decay) * (rampup > 0 ? Math.min(imagesSeen / rampup, 1) : 1);
};
