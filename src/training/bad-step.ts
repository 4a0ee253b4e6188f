import * as tf from '@tensorflow/tfjs-core';
import { saveTensors, writeFileAtomic } from '../checkpoints';
import { withPrefix } from '../compute/tensors';
import type { Update } from '../methods';
import { type DrawBatch, partsOf } from './draw-ahead';
import { upload } from './draw-inputs';
import { type Engine, slicesOf } from './engine';
import type { RunOptions } from './options';

/** Thrown when training stops because gradients stay non-finite. */
export class TrainingError extends Error {
  override name = 'TrainingError';
}

/** Names of the parameters whose gradient is not finite at this step. */
const badParameters = async (
  engine: Engine,
  update: Update,
  draw: DrawBatch,
  step: number,
  options: RunOptions,
): Promise<string[]> => {
  const values = await engine.gradient(
    update,
    partsOf(draw, update, slicesOf(options, step, engine.parts), engine.given),
    step,
  );
  let at = 0;
  return Object.entries(withPrefix(`${update.trains}/`, engine.state())).flatMap(([name, { size }]) => {
    const part = values.subarray(at, (at += size));
    return part.every(Number.isFinite) ? [] : [name];
  });
};

/**
 * The error that ends a run after too many bad steps: names the parameters, and writes what was fed to the step and the
 * whole state into `dir/bad-step-N.*` if there is a folder.
 */
export const badStepError = async (
  engine: Engine,
  update: Update,
  draw: DrawBatch,
  step: number,
  options: RunOptions,
  dir: string | undefined,
): Promise<TrainingError> => {
  const names = await badParameters(engine, update, draw, step, options);
  let where = '';
  if (dir) {
    const base = `${dir}/bad-step-${step}`;
    const batch = upload(await draw(update, slicesOf(options, step, 1)[0]));
    await saveTensors(`${base}.batch.safetensors`, batch);
    await engine.fetch();
    await saveTensors(`${base}.state.safetensors`, engine.state());
    await writeFileAtomic(
      `${base}.json`,
      JSON.stringify({ step, trains: update.trains, parameters: names, options }, null, 1),
    );
    tf.dispose(batch);
    where = ` Batch and state are in ${base}.*`;
  }
  const shown = `${names.slice(0, 5).join(', ')}${names.length > 5 ? ` and ${names.length - 5} more` : ''}`;
  return new TrainingError(
    `step ${step}: gradients of ${update.trains} were not finite in ${options.maxBadSteps} consecutive steps` +
      ` (${names.length === 0 ? 'finite again on recomputation' : shown}).${where}`,
  );
};
