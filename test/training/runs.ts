import type { Tensors } from '../../src/compute/tensors';
import type { Dataset } from '../../src/datasets';
import { cosim } from '../../src/methods';
import { auxiliaryParameters, type Denoiser, freshParameters } from '../../src/networks';
import { Run, type RunOptions } from '../../src/training';
import * as tf from '@tensorflow/tfjs-core';
import { tinyMlp, tinyPoints } from '../tiny';

/** A CoSIM run that distills a random network: as good as any where only the mechanics are tested. */
export const startRun = (denoiser: Denoiser, dataset: Dataset, options: Partial<RunOptions> = {}): Run => {
  const theta = freshParameters(denoiser, 0);
  const psi = auxiliaryParameters(denoiser, theta, 'copy');
  const run = Run.start(cosim(denoiser, denoiser), { theta, phi: theta, psi }, dataset, {
    batch: 4,
    learningRate: 1e-3,
    emaHalflife: 20,
    engine: 'eager',
    ...options,
  });
  tf.dispose([theta, psi]);
  return run;
};

/** Data whose loss overflows: exp(200) is beyond float32. */
export const OVERFLOW = 200;

/** A run on points whose losses overflow on chosen batches of 4: psi reads the even ones, phi the odd ones. */
export const overflowingRun = (isBad: (batch: number) => boolean, options: Partial<RunOptions> = {}): Run => {
  const denoiser = tinyMlp();
  const dataset: Dataset = {
    ...tinyPoints,
    batch: async indices => {
      const data = await tinyPoints.batch(indices);
      const size = data.x.length / indices.length;
      for (const [i, index] of indices.entries())
        if (isBad(Math.floor(index / 4))) data.x.fill(OVERFLOW, i * size, (i + 1) * size);
      return data;
    },
  };
  const method = cosim(denoiser, denoiser);
  const updates = method.updates.map(update => ({
    ...update,
    loss: (roles: Parameters<typeof update.loss>[0], batch: Tensors) => {
      const { value, metrics } = update.loss(roles, batch);
      return { value: tf.mul(value, tf.exp(tf.max(batch.x0))), metrics };
    },
  }));
  const theta = freshParameters(denoiser, 0);
  const psi = auxiliaryParameters(denoiser, theta, 'copy');
  const run = Run.start({ ...method, updates }, { theta, phi: theta, psi }, dataset, {
    batch: 4,
    engine: 'eager',
    ...options,
  });
  tf.dispose([theta, psi]);
  return run;
};

/** Everything a run holds that must survive: parameters of all roles, the average, and its history without the clock. */
export const snapshot = async (run: Run): Promise<object> => {
  const roles = await Promise.all(
    (['theta', 'phi', 'psi', 'ema'] as const).map(async role => {
      const entries = Object.entries(run.parameters(role)).map(
        async ([name, t]) => [name, Array.from(await t.data())] as const,
      );
      return [role, Object.fromEntries(await Promise.all(entries))] as const;
    }),
  );
  const history = run.history.map(({ seconds: _, ...report }) => report);
  return { step: run.step, images: run.images, history, ...Object.fromEntries(roles) };
};
