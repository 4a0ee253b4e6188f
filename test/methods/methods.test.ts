import assert from 'node:assert/strict';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { type Json, openFixture } from '../../scripts/parity/fixture';
import { imagesOf, networkOf, parametersOf } from '../../scripts/parity/network';
import { selectBackend } from '../../src/compute/backend';
import { type Tensors, valueAndGradients } from '../../src/compute/tensors';
import { levelOf, posterior, sigmaAt } from '../../src/diffusion';
import { hsivi, type Method, momentMatching, sid } from '../../src/methods';
import { drawInputs } from '../../src/training';
import type { HostBatch } from '../../src/training';
import type { Denoiser } from '../../src/networks';
import { assertAllClose, assertClose, gaussians, mean, valuesOf, variance } from '../close';
import { goldenFolder } from '../golden';
import { tinyImageNet, tinyImages, tinyMlp, tinyPoints } from '../tiny';

before(() => selectBackend({ backend: 'wasm' }));

/** D(x, sigma) = a x: simple enough to compute a whole step by hand. */
const scaling: Denoiser = {
  config: { kind: 'scaling', secondTime: false },
  sampleShape: [2],
  classes: 0,
  parameters: [{ name: 'a', shape: [], init: { kind: 'constant', value: 1 } }],
  dropout: [],
  denoise: ({ a }, x) => tf.mul(a, x),
};
const [theta, phi, psi] = [0.9, 0.7, 0.4];
const rolesNow = () => ({ theta: { a: tf.scalar(theta) }, phi: { a: tf.scalar(phi) }, psi: { a: tf.scalar(psi) } });

const upload = (batch: HostBatch): Tensors =>
  Object.fromEntries(Object.entries(batch).map(([name, { data, shape }]) => [name, tf.tensor(data, [...shape])]));

const COUNT = 6;
const slice = (n = COUNT) => ({ seed: 3, step: 2, batch: n, first: 0, count: n });

/** An update's loss and its gradient with respect to the one parameter that it trains. */
const evaluate = async (
  { updates }: Method,
  which: 0 | 1,
): Promise<{ batch: HostBatch; loss: number; slope: number }> => {
  const [update, roles] = [updates[which], rolesNow()];
  const batch = await drawInputs(update.inputs, tinyPoints, slice());
  const { value, gradients } = valueAndGradients(
    trained => update.loss({ ...roles, [update.trains]: trained }, upload(batch)),
    roles[update.trains],
  );
  return { batch, loss: (await value.data())[0], slope: (await gradients.a.data())[0] };
};

/** The same loss by hand: rows of x_T and what they become, for a psi or phi loss per element. */
const byHand = (
  { noiseS, s }: HostBatch,
  start: number[],
  a: { G: number; F: number },
  element: (m: { D: number; F: number; xHat: number; s: number; c: number }) => number,
): number => {
  let sum = 0;
  for (let i = 0; i < COUNT; i++) {
    const made = [0, 1].map(j => {
      const xHat = a.G * start[2 * i + j];
      const xS = xHat + s.data[i] * noiseS.data[2 * i + j];
      return { xHat, D: theta * xS, F: a.F * xS, s: s.data[i] };
    });
    const c = Math.max(mean(made.map(({ xHat, D }) => Math.abs(xHat - D))), 1e-5);
    for (const m of made) sum += element({ ...m, c });
  }
  return sum;
};
const weight = (s: number): number => (s ** 2 + 0.25) / (s * 0.5) ** 2;
const denoisingElement = ({ F, xHat, s }: { F: number; xHat: number; s: number }): number =>
  weight(s) * (F - xHat) ** 2;

describe('SiD', () => {
  test('both losses and gradients are those recorded from the reference', async () => {
    const fixture = await openFixture(join(goldenFolder, 'sid', 'sid_losses'));
    const network = networkOf(fixture.json, fixture.json.network_kwargs as Json);
    const images = fixture.tensor('in/images');
    // a generator that gives the recorded images, whatever it is asked; as the auxiliary it is the network itself
    const generator: Denoiser = {
      ...network,
      denoise: (p, x, sigma, input) => ('images' in p ? tf.clone(p.images) : network.denoise(p, x, sigma, input)),
    };
    const [real, fake] = ['true_score/', 'fake_score/'].map(prefix => parametersOf(network, fixture, prefix));
    const all = { theta: real, phi: { images }, psi: fake };
    const [n] = images.shape;
    for (const alpha of ['1.0', '1.2']) {
      const [, update] = sid(network, generator, { alpha: Number(alpha) }).updates;
      const batch = {
        noise: images,
        noiseS: fixture.tensor('generator/noise'),
        s: fixture.tensor('generator/sigma').reshape([n]),
      };
      const { value, gradients } = valueAndGradients(trained => update.loss({ ...all, phi: trained }, batch), {
        images,
      });
      const recorded = (fixture.json.generator as Record<string, { loss_sum: number }>)[alpha];
      assertClose((await value.data())[0], recorded.loss_sum, 1e-4 * Math.abs(recorded.loss_sum));
      const expected = fixture.host(`generator/alpha${alpha}/grad_images`).data as Float32Array;
      assertAllClose(await imagesOf(gradients.images), expected, 2e-5, `alpha ${alpha}`);
    }
    const [update] = sid(network, generator).updates;
    const sigma = (fixture.host('fake/rnd_normal').data as Float32Array).map(z => Math.exp(-1.2 + 1.2 * z));
    const { value } = update.loss(all, { noise: images, noiseS: fixture.tensor('fake/noise'), s: tf.tensor1d(sigma) });
    const { loss_sum_over_batch: expected } = fixture.json.fake as { loss_sum_over_batch: number };
    assertClose((await value.data())[0] / n, expected, 1e-4 * expected);
  });

  test('it sees no data: one noise level 2.5, s <= 24.4 for phi, log-normal for psi, one-step sampling at 2.5', async () => {
    const method = sid(tinyMlp(), tinyMlp());
    const n = 20_000;
    const [forPsi, forPhi] = await Promise.all(
      method.updates.map(update => drawInputs(update.inputs, tinyPoints, slice(n))),
    );
    assert.ok(!('x0' in forPsi) && !('x0' in forPhi));
    assertClose(Math.max(...forPhi.s.data), 24.4, 0.1);
    assertClose(mean(forPhi.s.data.map(s => levelOf(s))), 0.4, 0.006);
    const logs = forPsi.s.data.map(Math.log);
    assertClose(mean(logs), -1.2, 0.04);
    assertClose(Math.sqrt(variance(logs)), 1.2, 0.03);
    assert.deepEqual(method.times, { 1: [2.5] });
  });

  test('classes are drawn uniformly', async () => {
    const [update] = sid(tinyImageNet(), tinyImageNet()).updates;
    const { labels } = await drawInputs(update.inputs, tinyImages, slice(3000));
    const counts = [0, 1, 2].map(c => labels.data.filter((v, i) => i % 3 === c && v === 1).length);
    for (const count of counts) assertClose(count, 1000, 100);
    assert.equal(
      counts.reduce((a, b) => a + b),
      3000,
    );
  });
});

describe('HSIVI-SM', () => {
  const levels = [80, 5, 0.5];
  const method = hsivi(scaling, scaling, { levels, last: 0.05, psiSteps: 3, alpha: 0.5 });

  /** x_T of each row, by simulating the layers above its own. */
  const simulated = (batch: HostBatch): number[] =>
    Array.from({ length: COUNT * 2 }, (_, at) => {
      let x = levels[0] * batch.noise0.data[at];
      const layer = levels.findIndex(level => Math.abs(level / batch.t.data[at >> 1] - 1) < 1e-6);
      for (let k = 1; k <= layer; k++) x = phi * x + levels[k] * batch[`noise${k}`].data[at];
      return x;
    });

  test('a layer begins where the simulated layers above it end, and leads to the next level', async () => {
    const batch = await drawInputs(method.updates[0].inputs, tinyPoints, slice(3000));
    const next = new Map([
      [80, 5],
      [5, 0.5],
      [0.5, 0.05],
    ]);
    batch.t.data.forEach((t, i) => assertClose(batch.s.data[i], next.get(t)!, 1e-6));
    for (const level of levels) assertClose(batch.t.data.filter(t => t === level).length, 1000, 100);
  });

  test('psi: denoising of what the simulation made', async () => {
    const { batch, loss, slope } = await evaluate(method, 0);
    const at = (F: number): number => byHand(batch, simulated(batch), { G: phi, F }, denoisingElement);
    assertClose(loss / at(psi), 1, 1e-4);
    assertClose(slope / ((at(psi + 1e-4) - at(psi - 1e-4)) / 2e-4), 1, 1e-3);
  });

  test('phi: the first stage with alpha 0.5; no gradient flows through the layers above or through c', async () => {
    const { batch, loss, slope } = await evaluate(method, 1);
    const start = simulated(batch); // with the unchanged phi
    const scales: number[] = [];
    byHand(batch, start, { G: phi, F: psi }, ({ c }) => scales.push(c));
    const at = (G: number): number => {
      let i = 0;
      return byHand(
        batch,
        start,
        { G, F: psi },
        ({ D, F, xHat }) => ((D - F) * (D - xHat - 0.5 * (D - F))) / scales[i++],
      );
    };
    assertClose(loss / at(phi), 1, 1e-4);
    assertClose(slope / ((at(phi + 1e-4) - at(phi - 1e-4)) / 2e-4), 1, 1e-3);
  });

  test('psi is updated several times to one of phi; it is sampled at its own levels', () => {
    assert.deepEqual(
      method.updates.map(({ trains, repeats = 1 }) => [trains, repeats]),
      [
        ['psi', 3],
        ['phi', 1],
      ],
    );
    assert.deepEqual(method.times, { 3: levels });
  });
});

describe('Moment Matching', () => {
  const method = momentMatching(scaling, scaling, { steps: 2 });

  test('jumps of at most 1/K in r, from the data', async () => {
    const { s, t } = await drawInputs(method.updates[0].inputs, tinyPoints, slice(5000));
    const jumps = Array.from(s.data, (level, i) => levelOf(t.data[i]) - levelOf(level));
    for (const jump of jumps) assert.ok(jump > -1e-6 && jump < 0.5 + 1e-5);
    assertClose(mean(s.data.map(level => levelOf(level))), 0.5, 0.02);
    const inside = jumps.filter((_, i) => levelOf(t.data[i]) < 1 - 1e-6);
    assertClose(Math.max(...inside), 0.5, 0.01);
  });

  /** z_s and xhat of every element by hand. */
  const made = ({ x0, noiseT, noiseS, s, t }: HostBatch, G: number) =>
    Array.from(x0.data, (x, at) => {
      const [level, from] = [s.data[at >> 1], t.data[at >> 1]];
      const zT = x + from * noiseT.data[at];
      const xHat = G * zT;
      const kept = (level / from) ** 2;
      const zS = kept * zT + (1 - kept) * xHat + level * Math.sqrt(1 - kept) * noiseS.data[at];
      return { zS, xHat, s: level, zT };
    });

  test('psi: the loss of coef 1 on z_s', async () => {
    const { batch, loss } = await evaluate(method, 0);
    const expected = made(batch, phi).reduce(
      (sum, { zS, xHat, s }) => sum + weight(s) * ((psi * zS - xHat) ** 2 + (psi * zS - theta * zS) ** 2),
      0,
    );
    assertClose(loss / expected, 1, 1e-4);
  });

  test('phi: the gradient is (F - D) / c by xhat alone, none through z_s', async () => {
    const { batch, loss, slope } = await evaluate(method, 1);
    const all = made(batch, phi).map(m => ({ ...m, D: theta * m.zS, F: psi * m.zS }));
    let [value, gradient] = [0, 0];
    for (let i = 0; i < COUNT; i++) {
      const own = all.slice(2 * i, 2 * i + 2);
      const c = mean(own.map(({ xHat, D }) => Math.abs(xHat - D)));
      for (const { xHat, F, D, zT } of own) {
        value += (xHat * (F - D)) / c;
        gradient += (zT * (F - D)) / c;
      }
    }
    assertClose(loss / value, 1, 1e-4);
    assertClose(slope / gradient, 1, 1e-4);
  });

  test('the ancestral sampler at equal steps in r', () => {
    assert.equal(method.sampler, 'ancestral');
    assert.deepEqual(
      method.times?.[4],
      [1, 0.75, 0.5, 0.25].map(r => sigmaAt(r)),
    );
  });
});

test('the posterior is the one of Bayes: x_s has variance s^2 about x_0, and x_t adds to it independently', async () => {
  const n = 20_000;
  const [x0, s, t] = [0.3, 0.7, 2];
  const [a, b] = ['a', 'b'].map(stream => gaussians(n, stream));
  const xT = a.map(z => x0 + t * z);
  const column = (value: number): tf.Tensor => tf.fill([n], value);
  const xS = await valuesOf(posterior(column(x0), tf.tensor1d(xT), tf.tensor1d(b), { s: column(s), t: column(t) }));
  assertClose(mean(xS), x0, 4 * (s / Math.sqrt(n)));
  assertClose(variance(xS), s ** 2, 0.03 * s ** 2);
  const increments = xS.map((x, i) => xT[i] - x);
  assertClose(variance(increments), t ** 2 - s ** 2, 0.03 * t ** 2);
  assertClose(mean(increments.map((d, i) => d * (xS[i] - x0))), 0, 0.05);
});

test('bad options are refused by name', () => {
  const net = tinyMlp();
  assert.throws(() => sid(net, net, { alpha: 0 }), /sid: alpha must be a finite number above 0/);
  assert.throws(() => sid(net, net, { coef: 1 } as object), /sid: unknown option 'coef'/);
  assert.throws(() => hsivi(net, net, { levels: [1, 2] }), /hsivi: levels must be decreasing/);
  assert.throws(() => hsivi(net, net, { levels: [] }), /hsivi: levels must be at least one noise level/);
  assert.throws(() => hsivi(net, net, { levels: [1, 0.01] }), /levels\[1\] must be a finite number above 0.02/);
  assert.throws(() => hsivi(net, net, { psiSteps: 0 }), /psiSteps must be an integer from 1/);
  assert.throws(() => momentMatching(net, net, { steps: 0 }), /momentMatching: steps must be an integer from 1/);
});
