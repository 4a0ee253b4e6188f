import * as tf from '@tensorflow/tfjs-core';
import { toReference } from '../../src/checkpoints';
import { type Denoiser, denoiserFromReference, matchParameters, type Tensors } from '../../src/networks';
import type { Fixture, Json } from './fixture';

/** The recorded distance from float64: quantity to relative L2. */
export type Floors = Record<string, { rel_l2: number }>;

/** The network that a case describes by the reference's class and arguments; by default EDM's or, without a model, EDM2's. */
export const networkOf = (json: Json, kwargs = json.kwargs as Json): Denoiser => {
  const usual = kwargs.model_type === undefined ? 'Precond' : 'EDMPrecond';
  return denoiserFromReference((json.precond_class as string | undefined) ?? usual, kwargs);
};

/** The parameters of a case under a prefix, all of them used. */
export const parametersOf = (denoiser: Denoiser, fixture: Fixture, prefix = 'state/'): Tensors =>
  matchParameters(`${fixture.kind}/${fixture.name}`, denoiser.parameters, fixture.state(prefix));

/** The case that a network's weights come from: the case itself, or the one named `state_from`. */
export const weightsOf = (fixture: Fixture, key = 'state_from'): Promise<Fixture> =>
  fixture.json[key] === undefined ? Promise.resolve(fixture) : fixture.other(fixture.json[key] as string);

/** What a case tells the network besides x and sigma, as far as the network takes it. */
export const conditionsOf = (fixture: Fixture, denoiser: Denoiser): { labels?: tf.Tensor; augment?: tf.Tensor } => ({
  ...(denoiser.classes > 0 && fixture.has('in/class_labels') ? { labels: fixture.tensor('in/class_labels') } : {}),
  ...(fixture.has('in/augment_labels') ? { augment: fixture.tensor('in/augment_labels') } : {}),
});

/** A gradient or a parameter on the host, in PyTorch's layout. */
export const inReferenceLayout = async (t: tf.Tensor): Promise<Float32Array> => {
  const data = (await t.data()) as Float32Array;
  return toReference({ dtype: 'F32', shape: t.shape, data }).data as Float32Array;
};

/** A tensor's values, images in PyTorch's order [B, C, H, W]. */
export const imagesOf = async (t: tf.Tensor): Promise<Float32Array> =>
  (await tf.tidy(() => (t.rank === 4 ? tf.transpose(t, [0, 3, 1, 2]) : t.clone())).data()) as Float32Array;
