import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { selectBackend } from '../../../src/compute/backend';
import { theory } from '../../../src/studies';
import { gaussian } from './gaussian';

const near = (got: number, wanted: number, tolerance: number): void =>
  assert.ok(Math.abs(got - wanted) <= tolerance, `${got}, wanted ${wanted} to ${tolerance}`);

before(() => selectBackend({ backend: 'wasm' }));

test('one Gaussian: the optimal G keeps it in any number of steps; the posterior mean leaves what theory says', async () => {
  const { rows, pushes, verdict } = await theory.proposition32({
    mixture: gaussian(1),
    levels: [80, 2],
    times: [[80], [80, 2]],
    n: 2000,
    seeds: [0, 1, 2],
    points: 301,
    generators: ['optimal', 'posterior mean'],
  });
  assert.equal(verdict.holds, true);
  assert.equal(rows.length, 3 + 2 * 2 * 4);
  const law = (generator: string, K: number) =>
    rows.find(row => row.generator === generator && row.K === K && row.n === 0);
  for (const K of [1, 2]) near(law('optimal', K)?.w2 ?? NaN, 0, 2e-3);
  // E[x_0|x_t] = x_t / (1 + t^2): from N(0, 80^2) it makes deviation 80 / 6401, from that and noise 2 a fifth of both
  const first = 80 / 6401;
  near(law('posterior mean', 1)?.w2 ?? NaN, 1 - first, 5e-4);
  near(law('posterior mean', 2)?.w2 ?? NaN, 1 - Math.hypot(first, 2) / 5, 1e-3);
  const sampled = rows.filter(row => row.generator === 'posterior mean' && row.K === 2 && row.n > 0);
  assert.equal(sampled.length, 3);
  for (const row of sampled) near(row.w2, 1 - Math.hypot(first, 2) / 5, 0.03);
  const push = pushes.find(row => row.generator === 'posterior mean' && row.t === 2);
  // the CDFs of deviations 1 / sqrt(5) and 1 differ most where their densities are equal
  const z = Math.sqrt(Math.log(5) / 4);
  near(push?.kolmogorov ?? NaN, theory.normalCdf(z * Math.sqrt(5)) - theory.normalCdf(z), 1e-3);
});

test('the verdict fails when the optimal generator misses, and unknown generators are refused', async () => {
  const row = { generator: 'optimal' as const, K: 1, seed: -1, n: 0, kolmogorov: 0.1, w2: 0.1 };
  const floor = { ...row, generator: 'p_0 itself' as const, K: 0, seed: 0, n: 100, kolmogorov: 0.08 };
  const sampled = { ...row, seed: 0, n: 100, kolmogorov: 0.09 };
  const push = { generator: 'optimal' as const, t: 1, kolmogorov: 0 };
  assert.equal(theory.verdict32([row, floor, sampled], [push]).holds, false);
  assert.equal(theory.verdict32([{ ...row, kolmogorov: 1e-4 }, floor, sampled], [push]).holds, true);
  assert.equal(theory.verdict32([{ ...row, kolmogorov: 1e-4 }, floor, { ...sampled, kolmogorov: 0.2 }], [push]).holds, false); // prettier-ignore
  await assert.rejects(
    theory.proposition32({
      mixture: gaussian(1),
      levels: [],
      times: [],
      n: 1,
      seeds: [],
      generators: ['x' as 'optimal'],
    }),
    /proposition32: generators must be one of/,
  );
});
