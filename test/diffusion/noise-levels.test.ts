import assert from 'node:assert/strict';
import { test } from 'node:test';
import { logNormalLevel, veLevel, VP, vpLevel } from '../../src/diffusion';
import { denoising } from '../../src/methods';
import { drawInputs } from '../../src/training';
import { assertClose, mean, variance } from '../close';
import { tinyImageNet, tinyImages } from '../tiny';

test('levels of a training step follow their laws', async () => {
  const slice = { seed: 7, step: 0, batch: 4000, first: 0, count: 4000 };
  const drawn = async (options: object): Promise<Float32Array> =>
    (await drawInputs(denoising(tinyImageNet(), options).updates[0].inputs, tinyImages, slice)).sigma.data;
  const edm = (await drawn({ pMean: -0.4, pStd: 1 })).map(Math.log);
  assertClose(mean(edm), -0.4, 4 / Math.sqrt(4000));
  assertClose(variance(edm), 1, 4 * Math.sqrt(2 / 4000));
  // ln sigma uniform
  const ve = (await drawn({ levels: 've' })).map(Math.log);
  const [low, high] = [Math.log(0.02), Math.log(100)];
  assertClose(mean(ve), (low + high) / 2, (4 * (high - low)) / Math.sqrt(12 * 4000));
  assert.ok(Math.min(...ve) >= low - 1e-6 && Math.max(...ve) <= high);
  // VP's a of these levels is exp(-(beta_d t^2 + 2 beta_min t) / 4) with t uniform: its median is that of t = 1/2
  const vp = (await drawn({ levels: 'vp' })).sort();
  const t = 0.5;
  const a = Math.exp(-(19.9 * t * t + 0.2 * t) / 4);
  assertClose(1 / Math.sqrt(1 + vp[2000] ** 2), a, 0.03);
});

test("VP's levels are the ratio sigma / a of its process, VE's and EDM's their formulas", () => {
  for (const u of [0, 0.3, 0.9]) {
    const t = 1 + u * (1e-5 - 1);
    assertClose(vpLevel(u), VP.sigma(t) / VP.a(t), 1e-9 * vpLevel(u));
    assertClose(veLevel(u), 0.02 * 5000 ** u, 1e-12 * veLevel(u));
  }
  assert.equal(logNormalLevel(0), Math.exp(-1.2));
  assert.throws(() => vpLevel(1.5), /u must be a finite number of at least 0 and at most 1, got 1.5/);
  assert.throws(() => veLevel(-1), /u must be/);
});
