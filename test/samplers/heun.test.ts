import assert from 'node:assert/strict';
import { test } from 'node:test';
import { selectBackend } from '../../src/compute/backend';
import { factorise, mixtureSample } from '../../src/diffusion';
import { slicedWasserstein } from '../../src/metrics';
import { mixtureDenoiser } from '../../src/networks';
import { sampleHeun } from '../../src/samplers';
import { assertAllClose, assertClose, variance } from '../close';
import { twoModes } from '../tiny';

const seeds = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

test('an exact teacher and many steps give back the mixture: sliced W2 at the floor between two true samples', async () => {
  await selectBackend({ backend: 'wasm' });
  const n = 4000;
  const { denoiser, parameters } = mixtureDenoiser(twoModes);
  const truth = (stream: string) => {
    const factors = factorise(twoModes);
    return {
      data: Float32Array.from(seeds(n).flatMap(i => [...mixtureSample(factors, { seed: 1, stream }, i)])),
      n,
      d: 2,
    };
  };
  const reference = truth('reference');
  const distance = async (options: object): Promise<number> => {
    const { data } = await sampleHeun({ denoiser, parameters, seeds: seeds(n), batch: 4000, ...options });
    return slicedWasserstein({ data, n, d: 2 }, reference, { projections: 100 }).value;
  };
  const floor = slicedWasserstein(truth('again'), reference, { projections: 100 }).value;
  const [few, many, churned] = [
    await distance({ steps: 3 }),
    await distance({ steps: 40 }),
    await distance({ steps: 40, churn: 20 }),
  ];
  assert.ok(many < 3 * floor, `40 steps ${many}, floor ${floor}`);
  assert.ok(churned < 3 * floor, `with churn ${churned}, floor ${floor}`);
  assert.ok(few > 2 * many, `3 steps ${few}`);
});

test('for one Gaussian it solves dx/dt = x t / (v + t^2): x(0) = x(T) sqrt(v / (v + T^2))', async () => {
  await selectBackend({ backend: 'wasm' });
  const v = 0.25;
  const { denoiser, parameters } = mixtureDenoiser({ weights: [1], means: [[0]], covariances: [[[v]]] });
  const start: number[] = [];
  const { data } = await sampleHeun({ denoiser, parameters, seeds: seeds(2000), batch: 2000, steps: 200 });
  const { data: one } = await sampleHeun({ denoiser, parameters, seeds: seeds(2000), batch: 2000, steps: 1 });
  for (const x of one) start.push((x * (v + 80 ** 2)) / v); // one step is D(x, T) = v / (v + T^2) x
  assertAllClose(
    data,
    start.map(x => x * Math.sqrt(v / (v + 80 ** 2))),
    2e-3,
  );
  assertClose(variance(data) / v, 1, 0.13);
});

test('without churn it is deterministic in the seed; with churn it is too, but another sample', async () => {
  await selectBackend({ backend: 'wasm' });
  const { denoiser, parameters } = mixtureDenoiser(twoModes);
  const run = async (churn: number, batch: number) =>
    (await sampleHeun({ denoiser, parameters, seeds: seeds(6), steps: 6, churn, batch })).data;
  assertAllClose(await run(0, 6), await run(0, 4), 1e-6);
  assertAllClose(await run(10, 6), await run(10, 1), 1e-6);
  assert.notDeepEqual(await run(10, 6), await run(0, 6));
});
