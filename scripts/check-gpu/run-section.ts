/* Times of steps as `Run.train` takes them, with its data set on the device. */
import * as tf from '@tensorflow/tfjs-core';
import { selectBackend } from '../../src/compute';
import { shapeSize } from '../../src/compute/host-arrays';
import type { Tensors } from '../../src/compute/tensors';
import type { Dataset } from '../../src/datasets';
import type { Role } from '../../src/methods';
import { auxiliaryOf } from '../../src/networks';
import { Run } from '../../src/training';
import { denoiserOf, methodOf, OPTIONS } from '../../bench/cases';
import { weights } from '../../bench/ours';
import { blockTimes, stepsFor } from './blocks';
import { type Report, rounded } from './report';
import { caseOf, parseCase } from './training-case';
import { myTurn } from './turn';

/** Samples of the data set. */
const LENGTH = 2048;

const ramps = (sampleShape: number[]): Dataset => {
  const size = shapeSize(sampleShape);
  const sample = (index: number): Float32Array =>
    Float32Array.from({ length: size }, (_, i) => ((index * size + i) % 2001) / 1000 - 1);
  const batch: Dataset['batch'] = indices => {
    const x = new Float32Array(indices.length * size);
    indices.forEach((index, i) => {
      x.set(sample(index), i * size);
    });
    return Promise.resolve({ x, labels: new Int32Array(indices.length) });
  };
  return { name: 'ramps', sampleShape, classes: 0, length: LENGTH, provenance: {}, batch };
};

/** How a run tells of its steps: as they end, or each before the next begins. */
const TOLD = { onReport: 'Run', onStep: 'Run, a step waits for the one before' } as const;

/** When steps ended, beginning with the start. */
const timed = async (run: Run, count: number, how: keyof typeof TOLD = 'onReport'): Promise<number[]> => {
  const ends = [performance.now()];
  const tell = (): void => {
    ends.push(performance.now());
  };
  await run.train({ images: run.images + count * run.options.batch, [how]: tell });
  return ends;
};

/** @param asked cases as `parseCase` reads them */
export const runSection = async (report: Report, asked: readonly string[]): Promise<void> => {
  await selectBackend({ backend: 'wasm' });
  for (const text of asked) {
    const { name, batch, precision } = parseCase(text);
    try {
      const which = caseOf(name, batch);
      const denoiser = denoiserOf(which);
      const dataset = ramps([...denoiser.sampleShape]);
      const roles: Partial<Record<Role, Tensors>> = { phi: weights(denoiser, 1) };
      if (which.work === 'cosim') {
        roles.theta = weights(denoiser, 2);
        roles.psi = weights(auxiliaryOf(denoiser), 3);
      }
      const run = Run.start(methodOf(which), roles, dataset, { ...OPTIONS, batch, precision, engine: 'xla' });
      tf.dispose(Object.values(roles));
      const started = performance.now();
      const probe = await timed(run, 6);
      const ready = (performance.now() - started) / 1000;
      await myTurn();
      await timed(run, 3);
      for (const how of ['onReport', 'onStep'] as const) {
        const times = blockTimes(await timed(run, stepsFor((probe[6] - probe[3]) / 3), how));
        report({
          case: name,
          batch,
          precision,
          as: TOLD[how],
          ...times,
          ready_s: rounded(ready),
          engine: run.engineReport,
        });
      }
      run.dispose();
    } catch (error) {
      report({ case: name, batch, precision, error: String((error as Error).stack).slice(0, 1500) });
    }
  }
};
