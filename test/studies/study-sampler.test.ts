/* A network of a study is sampled as its method has it. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { selectBackend } from '../../src/compute/backend';
import { SAMPLING_TIMES } from '../../src/diffusion';
import { edmDenoiser, initialParameters, mlp } from '../../src/networks';
import { edmStart, sampleAncestral, sampleHeun, sampleMultistep } from '../../src/samplers';
import { studySampler } from '../../src/studies';

describe('samplers of the networks of a study', () => {
  const denoiser = edmDenoiser(mlp({ dimensions: 2, width: 8, blocks: 1 }));
  const request = { seeds: [0, 1, 2] };
  const times = { 2: [40, 3] };

  test('each kind draws what its own sampler draws, at its own times or the published ones', async () => {
    await selectBackend({ backend: 'wasm' });
    const before = tf.memory().numTensors;
    const parameters = initialParameters(denoiser.parameters, 1);
    const model = { denoiser, parameters };
    const multistep = studySampler({ ...model, sampler: 'multistep', times }, 2);
    assert.equal(multistep.name, '40, 3');
    assert.deepEqual(await multistep.draw(request), await sampleMultistep({ ...model, ...request, times: [40, 3] }));

    const ancestral = studySampler({ ...model, sampler: 'ancestral', times }, 2);
    assert.equal(ancestral.name, 'ancestral, 40, 3');
    const drawn = await ancestral.draw(request);
    assert.deepEqual(drawn, await sampleAncestral({ ...model, ...request, times: [40, 3] }));
    assert.notDeepEqual(drawn, await multistep.draw(request));

    const heun = studySampler({ ...model, sampler: 'heun' }, 5);
    assert.equal(heun.name, 'EDM Heun');
    assert.deepEqual(await heun.draw(request), await sampleHeun({ ...model, ...request, steps: 3 }));

    const published = studySampler({ ...model, sampler: 'multistep', times }, 4);
    assert.equal(published.name, SAMPLING_TIMES[4].join(', '));
    const grid = studySampler({ ...model, sampler: 'multistep' }, 5);
    assert.equal(grid.name, edmStart(5).join(', '));
    tf.dispose(parameters);
    assert.equal(tf.memory().numTensors, before);
  });
});
