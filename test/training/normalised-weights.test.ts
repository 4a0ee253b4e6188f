import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { selectBackend } from '../../src/compute/backend';
import { dismissWorkers } from '../../src/compute/onnx';
import type { Tensors } from '../../src/compute/tensors';
import { denoising } from '../../src/methods';
import { type Denoiser, denoiserFromConfig, freshParameters } from '../../src/networks';
import { Run } from '../../src/training';
import { assertAllClose, valuesOf } from '../close';
import { noiseData } from '../tiny';

before(() => selectBackend({ backend: 'wasm' }));
after(dismissWorkers);

const tinyEdm2 = (): Denoiser =>
  denoiserFromConfig({
    kind: 'edm2',
    resolution: 8,
    channels: 1,
    modelChannels: 16,
    channelMult: [1, 2],
    blocks: 1,
    attention: [],
    logvarChannels: 4,
  });

/** A step with a learning rate of nearly 0 from weights of five times their norm. */
const afterOneStep = async (engine: 'eager' | 'onnx'): Promise<Record<string, number[]>> => {
  const denoiser = tinyEdm2();
  const phi: Tensors = Object.fromEntries(
    Object.entries(freshParameters(denoiser, 0)).map(([name, t]) => [name, t.rank > 1 ? tf.mul(t, 5) : t]),
  );
  const run = Run.start(denoising(denoiser), { phi }, noiseData([8, 8, 1]), { batch: 4, learningRate: 1e-9, engine });
  await run.train({ images: 4 });
  assert.equal(run.engineReport.engine, engine);
  const entries = Object.entries(run.parameters('phi')).map(async ([name, t]) => [name, await valuesOf(t)] as const);
  const values = Object.fromEntries(await Promise.all(entries));
  run.dispose();
  tf.dispose(phi);
  return values;
};

test('a step of an EDM2 network starts from weights forced to unit root mean square, on both engines', async () => {
  const [eager, compiled] = [await afterOneStep('eager'), await afterOneStep('onnx')];
  for (const { name, shape } of tinyEdm2().parameters) {
    assertAllClose(compiled[name], eager[name], 1e-5, name);
    if (!name.endsWith('.weight') || shape.length < 2) continue;
    const out = shape[shape.length - 1];
    for (let k = 0; k < out; k++) {
      const column = eager[name].filter((_, i) => i % out === k);
      const rms = Math.sqrt(column.reduce((sum, w) => sum + w * w, 0) / column.length);
      assert.ok(Math.abs(rms - 1) < 2e-3, `${name}, output ${k}: ${rms}`);
    }
  }
});
