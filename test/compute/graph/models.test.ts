import { shapeSize } from '../../../src/compute/host-arrays';
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { relativeError } from '../../../scripts/parity/measure';
import { selectBackend } from '../../../src/compute/backend';
import type { TensorFunction } from '../../../src/compute/graph/trace';
import { addPrefix, type Tensors, valueAndGradients, withPrefix } from '../../../src/compute/tensors';
import type { Dataset } from '../../../src/datasets';
import { cosim, denoising, type Method, type Role } from '../../../src/methods';
import { drawInputs } from '../../../src/training';
import {
  adm,
  auxiliaryOf,
  ddpmpp,
  type Denoiser,
  denoiserFromConfig,
  type DenoiserInput,
  edm2,
  edmDenoiser,
  freshParameters,
  mixtureDenoiser,
  mlp,
  ncsnpp,
  preconditioned,
} from '../../../src/networks';
import { initialState, trainingStep } from '../../../src/training';
import { gaussians } from '../../close';
import { tinyImageNet, tinyImages, tinyMlp, tinyPoints, twoModes } from '../../tiny';
import { runEagerly, runLowered } from './lowerings';
import type { Shaped } from './shaped';

before(() => selectBackend({ backend: 'wasm' }));

const noise = (shape: readonly number[], stream: string, scale = 1): Shaped[string] => ({
  shape,
  data: gaussians(shapeSize(shape), stream).map(v => scale * v),
});

/** Initial parameters, moved a little, so that layers that start at zero take part. */
const livelyParameters = async (denoiser: Denoiser, stream: string): Promise<Shaped> => {
  const fresh = freshParameters(denoiser, 5);
  const entries = Object.entries(fresh).map(async ([name, t]) => {
    const data = (await t.data()) as Float32Array;
    const moved = gaussians(t.size, `${stream} ${name}`);
    return [name, { shape: t.shape, data: data.map((v, i) => v + 0.1 * moved[i]) }] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
};

const mixtureParameters = (): Shaped => {
  const { parameters } = mixtureDenoiser(twoModes);
  return Object.fromEntries(Object.entries(parameters).map(([k, t]) => [k, { shape: t.shape, data: t.dataSync() }]));
};

const prefixed = (prefix: string, inputs: Shaped): Shaped =>
  Object.fromEntries(Object.entries(inputs).map(([name, value]) => [prefix + name, value]));

const B = 3;
const LEVELS: Shaped = { sigma: { shape: [B], data: [0.01, 0.7, 20] }, t: { shape: [B], data: [0.5, 3, 70] } };

/** A class for the first two samples, none for the third. */
const classRows = (classes: number): Shaped => ({
  labels: { shape: [B, classes], data: Float32Array.from({ length: B * classes }, (_, i) => Number(i === 1 || i === classes)) }, // prettier-ignore
});

const dropoutInputs = (denoiser: Denoiser): Shaped =>
  Object.fromEntries(
    denoiser.dropout.map(({ name, shape }) => [
      `dropout/${name}`,
      { shape: [B, ...shape], data: gaussians(B * shapeSize(shape), name).map(v => 1 / (1 + Math.exp(-v))) },
    ]),
  );

const SIZES = { resolution: 8, channels: 2, classes: 3, modelChannels: 32, channelMult: [1, 2], blocks: 1, attention: [4] }; // prettier-ignore
const labelledAuxiliary = (denoiser: Denoiser): { denoiser: Denoiser; inputs: Shaped } => ({
  denoiser: auxiliaryOf(denoiser),
  inputs: { t: LEVELS.t, ...classRows(denoiser.classes) },
});
const augmented = edmDenoiser(ddpmpp({ ...SIZES, classes: 0, augmentDim: 4, modelChannels: 8 }));
const skips = ncsnpp({ ...SIZES, encoder: 'skip', decoder: 'skip' });
const labelledMlp = edmDenoiser(mlp({ dimensions: 3, width: 8, blocks: 2, classes: 4 }));

const models: Record<string, { denoiser: Denoiser | (() => Denoiser); inputs: Shaped }> = {
  'DDPM++ with labels': { denoiser: tinyImageNet(), inputs: classRows(3) },
  'DDPM++ in training mode': { denoiser: tinyImageNet(), inputs: dropoutInputs(tinyImageNet()) },
  'DDPM++ without labels, with augmentation': { denoiser: augmented, inputs: { augment: noise([B, 4], 'augment') } },
  'the auxiliary of DDPM++': labelledAuxiliary(tinyImageNet()),
  'the auxiliary of NCSN++, VE': labelledAuxiliary(preconditioned(ncsnpp(SIZES), { kind: 've' })),
  'the auxiliary of SongUNet with skips, VP': labelledAuxiliary(preconditioned(skips, { kind: 'vp' })),
  'the auxiliary of ADM, iDDPM': labelledAuxiliary(
    preconditioned(adm({ ...SIZES, outChannels: 4 }), { kind: 'iddpm' }),
  ),
  'the auxiliary of EDM2': labelledAuxiliary(edmDenoiser(edm2({ ...SIZES, channelsPerHead: 16 }))),
  'the MLP': { denoiser: tinyMlp(), inputs: {} },
  'the MLP with labels': { denoiser: labelledMlp, inputs: classRows(4) },
  'the auxiliary of the MLP': { denoiser: auxiliaryOf(tinyMlp()), inputs: { t: LEVELS.t } },
  'the exact mixture': { denoiser: () => mixtureDenoiser(twoModes).denoiser, inputs: {} },
};

/** A mixture has tensors from the start: it is made once there is a backend. */
const made = (denoiser: Denoiser | (() => Denoiser)): Denoiser =>
  typeof denoiser === 'function' ? denoiser() : denoiser;

/** D(x, sigma) and the gradients of sum(D r) with respect to x and every parameter. */
const denoiserStep =
  (denoiser: Denoiser): TensorFunction =>
  ({ x, sigma, t, labels, augment, r, ...rest }) => {
    const dropoutNoise = withPrefix('dropout/', rest);
    const input: DenoiserInput = { t, labels, augment };
    if (Object.keys(dropoutNoise).length > 0) input.dropoutNoise = dropoutNoise;
    const fixed = denoiser.config.kind === 'mixture' ? withPrefix('p/', rest) : {};
    const { metrics, gradients } = valueAndGradients(
      ({ x: image, ...parameters }) => {
        const D = denoiser.denoise({ ...fixed, ...parameters }, image, sigma, input);
        return { value: tf.sum(tf.mul(D, r)), metrics: { D } };
      },
      { x, ...(denoiser.config.kind === 'mixture' ? {} : withPrefix('p/', rest)) },
    );
    return { ...metrics, ...addPrefix('gradient ', gradients) };
  };

const compare = (actual: Record<string, Float32Array>, expected: Record<string, Float32Array>, tolerance: number, where: string): void => {
  assert.deepEqual(Object.keys(actual).sort(), Object.keys(expected).sort());
  for (const name of Object.keys(expected)) {
    if (name.endsWith('qkv.bias')) continue; // its key part has zero true gradient: pure rounding
    const error = relativeError(actual[name], expected[name]);
    // a single number is a sum of many terms of both signs
    assert.ok(error < (expected[name].length === 1 ? 10 * tolerance : tolerance), `${where}, ${name}: relative error ${error}`);
  }
}; // prettier-ignore

describe('every network, compiled, is the network run eagerly: output and all gradients', () => {
  test('every kind of network is among them', () => {
    let kinds = '';
    assert.throws(
      () => denoiserFromConfig({ kind: 'none' }),
      ({ message }: Error) => Boolean((kinds = message.split('Known: ')[1])),
    );
    const tested = new Set(Object.values(models).map(({ denoiser }) => made(denoiser).config.kind));
    assert.deepEqual(tested, new Set(kinds.replace('.', '').split(', ')));
  });

  for (const [name, { denoiser: given, inputs }] of Object.entries(models))
    test(name, async () => {
      const denoiser = made(given);
      const parameters =
        denoiser.config.kind === 'mixture' ? mixtureParameters() : await livelyParameters(denoiser, name);
      const all: Shaped = {
        ...prefixed('p/', parameters),
        ...inputs,
        x: noise([B, ...denoiser.sampleShape], 'x', 2),
        r: noise([B, ...denoiser.sampleShape], 'r'),
        sigma: LEVELS.sigma,
      };
      const step = denoiserStep(denoiser);
      const expected = await runEagerly(step, all);
      for (const { lowering, results } of await runLowered(step, all)) compare(results, expected, 2e-5, lowering);
    });
});

describe('whole training steps, compiled, are the steps run eagerly: new state and metrics', () => {
  const cases: Record<string, { method: () => Method; steps: [Role, beta1: number][]; dataset: Dataset }> = {
    'CoSIM on images': {
      method: () => cosim(tinyImageNet(), tinyImageNet()),
      steps: [
        ['psi', 0],
        ['phi', 0.9],
      ],
      dataset: tinyImages,
    },
    'CoSIM on points with an exact teacher': {
      method: () => cosim(mixtureDenoiser(twoModes).denoiser, tinyMlp(), { coef: 0.5 }),
      steps: [
        ['psi', 0],
        ['psi', 0.9],
        ['phi', 0],
        ['phi', 0.9],
      ],
      dataset: tinyPoints,
    },
    'denoising on images': { method: () => denoising(tinyImageNet()), steps: [['phi', 0]], dataset: tinyImages },
  };
  for (const [name, { method: make, steps, dataset }] of Object.entries(cases))
    for (const [role, beta1] of steps)
      test(`${name}: ${role}, beta1 = ${beta1}`, async () => {
        const method = make();
        const update = method.updates.find(u => u.trains === role)!;
        const options = { learningRate: 0.01, beta1, beta2: 0.99, eps: 1e-8 };
        const inputs: Shaped = {};
        const roles: Partial<Record<Role, Tensors>> = {};
        for (const [owner, denoiser] of Object.entries(method.denoisers)) {
          const mixture = denoiser.config.kind === 'mixture';
          const parameters = mixture ? mixtureParameters() : await livelyParameters(denoiser, owner);
          Object.assign(inputs, prefixed(`${owner}/`, parameters));
          roles[owner as Role] = Object.fromEntries(
            Object.entries(parameters).map(([key, { shape }]) => [key, tf.zeros([...shape])]),
          );
        }
        for (const [key, { shape }] of Object.entries(initialState(roles, [role], options))) {
          // moments of a run that is under way: the first steps of Adam are the gradient's sign alone
          const scale = key.startsWith('ema/') ? 0.1 : key.endsWith('.m') ? 1 : 0;
          inputs[key] ??=
            scale > 0 ? noise(shape, key, scale) : { shape, data: new Float32Array(shapeSize(shape)).fill(4) };
        }
        const batch = await drawInputs(update.inputs, dataset, { seed: 3, step: 2, batch: 4, first: 0, count: 4 });
        const scalars = { stepSize: 0.01, varianceScale: 1.5, emaBeta: 0.9 };
        for (const [key, value] of Object.entries(scalars)) batch[key] = { shape: [], data: Float32Array.of(value) };
        Object.assign(inputs, prefixed('batch/', batch));
        const step = trainingStep(update, options, 4);
        const whole: TensorFunction = all => {
          const state = Object.fromEntries(Object.entries(all).filter(([key]) => !key.startsWith('batch/')));
          const result = step(state, withPrefix('batch/', all));
          return { ...result.state, ...addPrefix('metric ', result.metrics) };
        };
        const expected = await runEagerly(whole, inputs);
        assert.equal(expected['metric nonFinite'][0], 0);
        const changed = Object.keys(inputs).filter(key => key.startsWith(`${role}/`));
        for (const key of changed) assert.ok(relativeError(expected[key], inputs[key].data) > 1e-6, `${key} has moved`);
        for (const { lowering, results } of await runLowered(whole, inputs)) compare(results, expected, 2e-5, lowering);
      });
});
