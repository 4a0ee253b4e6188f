import { shapeSize } from '../../src/compute/host-arrays';
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { indexRange } from '../../src/datasets';
import { levelOf, sigmaAt } from '../../src/diffusion';
import { cosim, denoising, hsivi, type Method, momentMatching, sid } from '../../src/methods';
import { drawInputs } from '../../src/training';
import type { BatchSlice, HostBatch } from '../../src/training';
import { assertClose, mean, variance } from '../close';
import { tinyImageNet, tinyImages, tinyMlp, tinyPoints } from '../tiny';

const slice = (first: number, count: number, rest: Partial<BatchSlice> = {}): BatchSlice => ({
  seed: 7,
  step: 3,
  batch: 12,
  first,
  count,
  ...rest,
});
const methods: Record<string, Method> = {
  CoSIM: cosim(tinyImageNet(), tinyImageNet()),
  "CoSIM with SiD's levels": cosim(tinyImageNet(), tinyImageNet(), { psiLevels: 'log-normal', phiMaxRs: 0.8 }),
  SiD: sid(tinyImageNet(), tinyImageNet()),
  'HSIVI-SM': hsivi(tinyImageNet(), tinyImageNet()),
  'Moment Matching': momentMatching(tinyImageNet(), tinyImageNet()),
  denoising: denoising(tinyImageNet()),
};
const equalRows = (part: HostBatch, whole: HostBatch, first: number): void => {
  assert.deepEqual(Object.keys(part), Object.keys(whole));
  for (const [name, { data, shape }] of Object.entries(part)) {
    const size = data.length / shape[0];
    assert.equal(shapeSize(shape), data.length);
    assert.deepEqual(shape.slice(1), whole[name].shape.slice(1));
    assert.deepEqual(data, whole[name].data.slice(first * size, first * size + data.length), name);
  }
};

for (const [name, method] of Object.entries(methods))
  describe(`what a step of ${name} draws`, () => {
    for (const update of method.updates) {
      test(`${update.trains}: row i of a slice is row first + i of the whole batch, for every input`, async () => {
        const whole = await drawInputs(update.inputs, tinyImages, slice(0, 12));
        for (const [first, count] of [
          [0, 4],
          [4, 4],
          [8, 4],
          [11, 1],
          [1, 6],
        ])
          equalRows(await drawInputs(update.inputs, tinyImages, slice(first, count)), whole, first);
      });

      test(`${update.trains}: another seed or step draws other noise, times, dropout and data`, async () => {
        const base = await drawInputs(update.inputs, tinyImages, slice(0, 12));
        for (const other of [slice(0, 12, { seed: 8 }), slice(0, 12, { step: 4 })]) {
          const drawn = await drawInputs(update.inputs, tinyImages, other);
          // drawn data are read in order whatever the seed; labels go round
          const same = other.seed !== 7 ? ['x0', 'labels'] : ['labels'];
          for (const input of Object.keys(base))
            if (same.includes(input)) continue;
            else assert.notDeepEqual(drawn[input].data, base[input].data, input);
        }
      });
    }
  });

test('psi and phi share no data, times, noise or dropout, and every dropout layer has its own', async () => {
  const [psi, phi] = await Promise.all(
    methods.CoSIM.updates.map(update => drawInputs(update.inputs, tinyImages, slice(0, 12))),
  );
  for (const name of ['x0', 's', 't', 'noiseT', 'noiseS']) assert.notDeepEqual(psi[name].data, phi[name].data, name);
  const layers = Object.keys(psi).filter(name => name.startsWith('dropout/'));
  assert.ok(layers.length > 0);
  const blocks = [psi, phi].flatMap(batch => layers.map(name => batch[name].data.slice(0, 16).join()));
  assert.equal(new Set(blocks).size, blocks.length);
  assert.notDeepEqual(psi.noiseT.data, psi.noiseS.data);
});

test('psi reads the even batches of the data and phi the odd ones: no sample twice, none left out', async () => {
  const data = async (update: number, step: number) =>
    (await drawInputs(methods.CoSIM.updates[update].inputs, tinyImages, slice(0, 12, { step }))).x0.data;
  const batch = async (n: number) => (await tinyImages.batch(indexRange(12, 12 * n))).x;
  for (const step of [0, 1, 5]) {
    assert.deepEqual(await data(0, step), await batch(2 * step));
    assert.deepEqual(await data(1, step), await batch(2 * step + 1));
  }
});

test('labels are one-hot rows of the data', async () => {
  const { labels } = await drawInputs(methods.CoSIM.updates[0].inputs, tinyImages, slice(0, 4, { step: 0 }));
  assert.deepEqual([...labels.data], [1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 0, 0]);
  assert.equal('labels' in (await drawInputs(denoising(tinyMlp()).updates[0].inputs, tinyPoints, slice(0, 4))), false);
});

test('times: s <= t from pi; phi up to maxRs; psi log-normal where asked, as EDM in pretraining', async () => {
  const n = 20_000;
  const big = slice(0, n, { batch: n });
  const { updates } = cosim(tinyMlp(), tinyMlp(), { psiLevels: 'log-normal', phiMaxRs: 0.8 });
  const [psi, phi] = await Promise.all(updates.map(u => drawInputs(u.inputs, tinyPoints, big)));
  for (const { s, t } of [psi, phi]) s.data.forEach((v, i) => assert.ok(v <= t.data[i] && t.data[i] <= 80));
  assertClose(Math.max(...phi.s.data), sigmaAt(0.8), 0.01 * sigmaAt(0.8));
  assertClose(mean(phi.s.data.map(v => levelOf(v))), 0.4, 0.006);
  const { sigma } = await drawInputs(denoising(tinyMlp()).updates[0].inputs, tinyPoints, big);
  for (const level of [psi.s, sigma]) {
    const logs = level.data.map(Math.log);
    assertClose(mean(logs), -1.2, 4 * (1.2 / Math.sqrt(n)));
    assertClose(Math.sqrt(variance(logs)), 1.2, 0.03);
  }
});

test('bad options are refused by name', () => {
  const method = (options: object) => () => cosim(tinyMlp(), tinyMlp(), options);
  assert.throws(method({ alfa: 1 }), /cosim: unknown option 'alfa'. Did you mean 'alpha'\?/);
  assert.throws(method({ alpha: 0 }), /cosim: alpha must be a finite number above 0, got 0/);
  assert.throws(method({ coef: -1 }), /coef must be a finite number above 0/);
  assert.throws(method({ coef: '1' }), /coef must be a number, got '1'/);
  assert.throws(method({ R: 2.5 }), /R must be an integer from 1/);
  assert.throws(method({ jumps: 'octave' }), /jumps must be one of 'harmonic', 'dyadic'/);
  assert.throws(method({ phiMaxRs: 1.1 }), /phiMaxRs must be a finite number above 0 and at most 1/);
  assert.throws(method({ psiLevels: 'normal' }), /psiLevels must be one of 'pi', 'log-normal'/);
  assert.throws(method({ sigmaData: 0 }), /sigmaData must be a finite number above 0/);
  assert.throws(method({ range: { sigmaMin: 1, sigmaMax: 0.5, rho: 7 } }), /sigmaMax must be a finite number above 1/);
  assert.throws(
    method({ range: { sigmaMin: 0.1, sigmaMax: 50, roh: 7 } }),
    /unknown option 'roh'. Did you mean 'rho'\?/,
  );
  assert.throws(() => denoising(tinyMlp(), { pStd: 0 }), /denoising: pStd must be a finite number above 0/);
  assert.throws(() => denoising(tinyMlp(), { mean: 0 } as object), /unknown option 'mean'/);
});
