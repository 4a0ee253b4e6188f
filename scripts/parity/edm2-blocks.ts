import * as tf from '@tensorflow/tfjs-core';
import { valueAndGradients } from '../../src/compute/tensors';
import { edm2Block } from '../../src/networks/edm2';
import {
  mpConcat,
  mpConv,
  mpFourier,
  mpLinear,
  mpSilu,
  mpSum,
  normalisePixels,
  normaliseWeight,
} from '../../src/networks/magnitude-preserving';
import { resample } from '../../src/networks/resample';
import { moduleCase } from './edm-blocks';
import type { Fixture, Json } from './fixture';
import { array, type Measure, TYPICAL } from './measure';
import { type Floors, imagesOf, inReferenceLayout } from './network';

type BlockKwargs = {
  in_channels: number;
  out_channels: number;
  flavor: 'enc' | 'dec';
  resample_mode?: 'up' | 'down';
  resample_filter?: number[];
  res_balance?: number;
  attn_balance?: number;
  clip_act?: number | null;
};

const block = (fixture: Fixture, name: string, json: Json): Promise<Measure[]> => {
  const {
    kwargs,
    num_heads: heads,
    noise_floor: floors,
  } = json as unknown as {
    kwargs: BlockKwargs;
    num_heads: number;
    noise_floor: Floors;
  };
  const {
    resample_filter: filter = [1, 1],
    res_balance: resBalance = 0.3,
    attn_balance: attentionBalance = 0.3,
  } = kwargs;
  const options = {
    filter,
    resBalance,
    attentionBalance,
    clip: kwargs.clip_act === null ? 0 : (kwargs.clip_act ?? 256),
  };
  const spec = {
    name: `${kwargs.flavor}.m`, // which side it is on follows from the name
    from: kwargs.in_channels,
    to: kwargs.out_channels,
    resample: kwargs.resample_mode,
    heads,
    resolution: 0,
  };
  return moduleCase(
    fixture,
    name,
    (p, x, emb) => {
      const named = Object.fromEntries(Object.entries(p).map(([key, t]) => [key.replace('m.', `${spec.name}.`), t]));
      return edm2Block(named, spec, { ...options, dropout: 0 }, x, emb);
    },
    { out: floors.out.rel_l2, grad: floors.grad_x.rel_l2 },
  );
};

/** Magnitude-preserving primitives by the names of their recorded results. */
const primitives = ({ tensor }: Fixture): Record<string, tf.Tensor> => {
  const [a, b, c] = ['a', 'b', 'c'].map(name => tensor(`prim/${name}`));
  const overAll = tf.transpose(normaliseWeight(tf.transpose(a, [1, 2, 3, 0])), [3, 0, 1, 2]);
  const weight = tf.transpose(tensor('prim/linear_weight'));
  const fourier = { 'm.freqs': tensor('prim/fourier_freqs'), 'm.phases': tensor('prim/fourier_phases') };
  return {
    normalize_all: overAll,
    normalize_dim1: normalisePixels(a),
    mp_silu: mpSilu(a),
    'mp_sum_0.3': mpSum(a, b, 0.3),
    'mp_cat_0.5': mpConcat(a, c, 0.5),
    'mp_cat_0.4': mpConcat(a, c, 0.4),
    resample_up_11: resample(a, 'up'),
    resample_down_11: resample(a, 'down'),
    resample_up_1331: resample(a, 'up', [1, 3, 3, 1]),
    resample_down_1331: resample(a, 'down', [1, 3, 3, 1]),
    fourier_out: mpFourier(fourier, 'm', tensor('prim/fourier_in')),
    linear_gain0_7_out: mpLinear({ 'm.weight': weight }, 'm', tensor('prim/linear_in'), tf.scalar(0.7)),
  };
};

/** Forced weight normalisation of one convolution: the stored weight after it, the output, the gradient there. */
const forced = async ({ state, tensor, host, json }: Fixture): Promise<Measure[]> => {
  const { gain } = json.forced as { gain: number };
  const { weight_before: before } = state('forced/');
  const after = normaliseWeight(before);
  const { metrics, gradients } = valueAndGradients(
    p => {
      const out = mpConv(p, 'm', tensor('forced/x'), tf.scalar(gain));
      return { value: tf.sum(tf.mul(out, tensor('forced/gout'))), metrics: { out } };
    },
    { 'm.weight': after },
  );
  const recorded = (name: string): Float32Array => host(`forced/${name}`).data as Float32Array;
  return [
    array('forced: weight after', await inReferenceLayout(after), recorded('weight_after'), TYPICAL.forward / 4),
    array('forced: out', await imagesOf(metrics.out), recorded('out'), TYPICAL.forward / 4),
    array(
      'forced: d weight',
      await inReferenceLayout(gradients['m.weight']),
      recorded('grad_weight'),
      TYPICAL.gradient / 4,
    ),
  ];
};

/** edm2_blocks: blocks, magnitude-preserving primitives and forced weight normalisation, one at a time. */
export const edm2Blocks = async (fixture: Fixture): Promise<Measure[]> => {
  const measures: Measure[] = [];
  for (const [name, json] of Object.entries(fixture.json.blocks as Record<string, Json>))
    measures.push(...(await block(fixture, name, json)));
  for (const [name, ours] of Object.entries(primitives(fixture)))
    if (fixture.has(`prim/${name}`))
      measures.push(
        array(name, await imagesOf(ours), fixture.host(`prim/${name}`).data as Float32Array, TYPICAL.forward / 4),
      );
  return [...measures, ...(await forced(fixture))];
};
