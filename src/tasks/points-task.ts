import { type Points, type Samples, shapeSize } from '../compute/host-arrays';
import * as tf from '@tensorflow/tfjs-core';
import { indexRange, mixtures, networkUnits, points } from '../datasets';
import { modes, slicedWasserstein } from '../metrics';
import { loadTeacher, sha256OfWeights } from '../models';
import { mixtureDenoiser } from '../networks';
import { blockSeeds, floorCache, type Task } from './task';

const REFERENCE = 20_000; // real points that samples are compared with

/** `n` real points of the test split from number `first` on. */
export const realPoints = async (first: number, n: number): Promise<Points> => {
  const { batch } = points('checkerboard', { seed: 1, split: 'test' });
  return { data: networkUnits((await batch(indexRange(n, first))).x), n, d: 2 };
};

/** Samples as points in space: [n, d], d numbers each. */
export const asPoints = ({ data, n, shape }: Samples): Points => ({ data, n, d: shapeSize(shape) });

/**
 * The 2-D checkerboard of 18 narrow Gaussians (deviation 0.04, data 0.5): the teacher is exact, the generator starts from
 * a denoising MLP. Value: sliced W2 against 20,000 real points; also the share of samples on a mode and covered modes.
 * @example
 * const task = await pointsTask();
 * const run = distill({ ...task, method: { kind: 'cosim', coef: 1 } });
 */
export const pointsTask = async (): Promise<Task> => {
  const exact = mixtureDenoiser(mixtures.checkerboard);
  const start = await loadTeacher('checkerboard');
  const dataset = points('checkerboard', { seed: 0, split: 'train' });
  const reference = await realPoints(0, REFERENCE);
  const distance = (samples: Points) => slicedWasserstein(samples, reference, { projections: 200 });
  const floorOf = floorCache(async (n, block) => distance(await realPoints(REFERENCE + block * n, n)).value);
  return {
    name: 'checkerboard',
    identity: {
      task: 'checkerboard',
      start: await sha256OfWeights(start.parameters),
      data: JSON.stringify(dataset.provenance),
      reference: REFERENCE,
    },
    recipe: { kind: 'points' },
    teacher: { denoiser: exact.denoiser, parameters: exact.parameters },
    start,
    dataset,
    times: { 1: [80], 2: [80, 0.3], 4: [80, 0.3, 0.1, 0.05] }, // narrow modes need small last times
    metric: 'sliced W2 (data deviation 0.5)',
    measure: async (draw, { n, block }) => {
      const samples = asPoints(await draw({ seeds: blockSeeds(n, block) }));
      const { onMode, covered } = modes(samples, mixtures.checkerboard);
      return { ...distance(samples), floor: await floorOf(n, block), onMode, covered };
    },
    dispose: () => tf.dispose([exact.parameters, start.parameters]),
  };
};
