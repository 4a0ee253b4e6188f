import * as tf from '@tensorflow/tfjs-core';
import { freshParameters } from '../../src/networks';
import { blockSeeds, type Task } from '../../src/tasks';
import { tinyMlp, tinyPoints } from '../tiny';

/** A task that costs nothing: a random network as teacher, and the samples' mean square as the metric. */
export const tinyTask = (): Task & { measured: { n: number; block: number }[] } => {
  const denoiser = tinyMlp();
  const parameters = freshParameters(denoiser, 0);
  const measured: { n: number; block: number }[] = [];
  return {
    name: 'tiny',
    identity: { task: 'tiny' },
    teacher: { denoiser, parameters },
    start: { denoiser, parameters },
    dataset: tinyPoints,
    times: { 1: [80], 2: [80, 1], 4: [80, 5, 1, 0.1], 6: [80, 20, 5, 2, 1, 0.1] },
    metric: 'mean square',
    measured,
    measure: async (draw, { n, block }) => {
      measured.push({ n, block });
      const { data } = await draw({ seeds: blockSeeds(n, block) });
      const value = data.reduce((sum, x) => sum + x * x, 0) / data.length;
      return { value, n, nReference: 100, floor: 0.01 };
    },
    dispose: () => tf.dispose(parameters),
  };
};
