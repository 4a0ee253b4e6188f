import * as tf from '@tensorflow/tfjs-core';
import { addPrefix, type Tensors, valueAndGradients } from '../../src/compute/tensors';
import { type BlockStyle, edmBlock } from '../../src/networks/edm-block';
import { groupNorm, groupsOf } from '../../src/networks/group-norm';
import { conv, xavier } from '../../src/networks/layers';
import { fourierFeatures, positionalFeatures } from '../../src/networks/noise-features';
import type { Fixture, Json } from './fixture';
import { recordedGradients } from './gradients';
import { array, exact, type Measure, TYPICAL } from './measure';
import { type Floors, imagesOf } from './network';

/** Value and gradients of sum(out * gout) for one module under `name`. */
const moduleCase = async (
  fixture: Fixture,
  name: string,
  run: (p: Tensors, x: tf.Tensor, emb: tf.Tensor) => tf.Tensor,
  floors: { out: number; grad: number },
): Promise<Measure[]> => {
  const { tensor, host, has, state } = fixture;
  const [x, gout] = [tensor(`${name}/x`), tensor(`${name}/gout`)];
  const emb: Tensors = has(`${name}/emb`) ? { emb: tensor(`${name}/emb`) } : {};
  const { metrics, gradients } = valueAndGradients(
    ({ x: input, emb: embedding, ...p }) => {
      const out = run(addPrefix('m.', p), input, embedding);
      return { value: tf.sum(tf.mul(out, gout)), metrics: { out } };
    },
    { ...state(`${name}/state/`), ...emb, x },
  );
  const { x: dx, emb: demb, ...rest } = gradients;
  const ofParameters = { ...rest, ...(demb ? { emb: demb } : {}) };
  const prefix = `${name}/grad/`;
  const gradX = array(`${name} d x`, await imagesOf(dx), host(`${prefix}x`).data as Float32Array, floors.grad);
  const out = array(name, await imagesOf(metrics.out), host(`${name}/out`).data as Float32Array, floors.out);
  if (Object.keys(ofParameters).length === 0) return [out, gradX];
  // The embedding [B, E] is no weight: its gradient is recorded as it lies.
  const transposed = demb ? { ...ofParameters, emb: tf.transpose(demb) } : ofParameters;
  const all = await recordedGradients(transposed, fixture, prefix, { all: floors.grad, each: TYPICAL.gradient });
  return [out, gradX, ...all.map(m => ({ ...m, quantity: `${name}: ${m.quantity}` }))];
};

export { moduleCase };

type BlockKwargs = {
  in_channels: number;
  out_channels: number;
  emb_channels: number;
  up?: boolean;
  down?: boolean;
  eps?: number;
  skip_scale?: number;
  adaptive_scale?: boolean;
  resample_proj?: boolean;
  resample_filter?: number[];
};

const unetBlock = (fixture: Fixture, name: string, json: Json): Promise<Measure[]> => {
  const {
    kwargs,
    num_heads: heads,
    noise_floor: floors,
  } = json as unknown as {
    kwargs: BlockKwargs;
    num_heads: number;
    noise_floor: Floors;
  };
  const style: BlockStyle = {
    embedding: kwargs.emb_channels,
    eps: kwargs.eps ?? 1e-5,
    skipScale: kwargs.skip_scale ?? 1,
    adaptiveScale: kwargs.adaptive_scale ?? true,
    resampleProjection: kwargs.resample_proj ?? false,
    filter: kwargs.resample_filter ?? [1, 1],
    dropout: 0,
    init: { plain: xavier(), last: xavier(), attention: xavier() },
  };
  const resample = kwargs.up ? 'up' : kwargs.down ? 'down' : undefined;
  const block = {
    name: 'm',
    from: kwargs.in_channels,
    to: kwargs.out_channels,
    resample,
    heads,
    resolution: 0,
  } as const;
  return moduleCase(fixture, name, (p, x, emb) => edmBlock(p, block, style, x, emb), {
    out: floors.out.rel_l2,
    grad: floors.grad_x.rel_l2,
  });
};

type ConvKwargs = { name: string; up?: boolean; down?: boolean; resample_filter?: number[]; fused_resample?: boolean };

/** edm_blocks: residual blocks, convolutions with resampling, noise features and group norms, one at a time. */
export const edmBlocks = async (fixture: Fixture): Promise<Measure[]> => {
  const { json, tensor, host } = fixture;
  const measures: Measure[] = [];
  for (const [name, block] of Object.entries(json.unet_blocks as Record<string, Json>))
    measures.push(...(await unetBlock(fixture, name, block)));
  for (const {
    name,
    up,
    down,
    resample_filter: filter = [1, 1],
    fused_resample: fused,
  } of json.convs as ConvKwargs[]) {
    const resampling = { direction: up ? 'up' : down ? 'down' : undefined, filter, fused } as const;
    const floors = { out: TYPICAL.forward / 4, grad: TYPICAL.gradient / 4 };
    measures.push(...(await moduleCase(fixture, name, (p, x) => conv(p, 'm', x, resampling), floors)));
  }
  const given = async (quantity: string, ours: tf.Tensor, floor: number): Promise<void> => {
    measures.push(array(quantity, await imagesOf(ours), host(quantity).data as Float32Array, floor));
  };
  const levels = tensor('emb/in');
  for (const [, n, endpoint] of json.embeddings as [string, number, boolean][])
    await given(
      `emb/positional_${n}_${endpoint ? '' : 'no'}endpoint`,
      positionalFeatures(levels, n, { endpoint }),
      TYPICAL.forward,
    );
  for (const key of fixture.names.filter(name => /^emb\/fourier_\d+_freqs$/.test(name)))
    await given(
      key.replace('_freqs', ''),
      fourierFeatures({ 'm.freqs': tensor(key) }, 'm', levels),
      1e-5, // angles of hundreds of radians in float32
    );
  for (const { channels, groups, eps } of json.groupnorm as { channels: number; groups: number; eps?: number }[]) {
    if (eps === undefined) continue; // unusable in the reference
    const [weight, bias, x] = ['weight', 'bias', 'x'].map(part => tensor(`groupnorm/${channels}/${part}`));
    measures.push(exact(`groups of ${channels}`, groupsOf(channels), groups));
    const ours = groupNorm({ 'm.weight': weight, 'm.bias': bias }, 'm', x, { eps });
    await given(`groupnorm/${channels}/out`, ours, TYPICAL.forward / 4);
  }
  return measures;
};
