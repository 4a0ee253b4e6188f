import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { selectBackend } from '../../src/compute/backend';
import { uniform } from '../../src/compute/noise';
import { valueAndGradients } from '../../src/compute/tensors';
import { attention } from '../../src/networks/edm-block';
import { groupNorm, groupsOf } from '../../src/networks/group-norm';
import { dropout } from '../../src/networks/layers';
import { resample } from '../../src/networks/resample';
import { assertAllClose, assertClose, gaussians, mean, valuesOf } from '../close';
import { TESTED_BACKENDS } from '../golden';

type Arrays = Record<'x' | 'weight' | 'bias', ArrayLike<number>>;

const downsample = (x: tf.Tensor): tf.Tensor => resample(x, 'down');
const upsample = (x: tf.Tensor): tf.Tensor => resample(x, 'up');

/** Group normalisation of [B, N, C] by its definition, in float64, optionally with SiLU. */
const normalise = (
  { x, weight, bias }: Arrays,
  [B, N, C]: number[],
  eps: number,
  activation: boolean,
): Float64Array => {
  const c = C / groupsOf(C);
  const out = new Float64Array(B * N * C);
  for (let b = 0; b < B; b++)
    for (let g = 0; g < groupsOf(C); g++) {
      const places = Array.from({ length: N * c }, (_, i) => (b * N + Math.floor(i / c)) * C + g * c + (i % c));
      const centre = places.reduce((sum, i) => sum + x[i], 0) / places.length;
      const spread = places.reduce((sum, i) => sum + (x[i] - centre) ** 2, 0) / places.length;
      for (const i of places) {
        const y = ((x[i] - centre) / Math.sqrt(spread + eps)) * weight[i % C] + bias[i % C];
        out[i] = activation ? y / (1 + Math.exp(-y)) : y;
      }
    }
  return out;
};

for (const backend of TESTED_BACKENDS) {
  describe(`group norm on ${backend}`, () => {
    for (const activation of [false, true])
      for (const C of [8, 12, 160])
        test(`${C} channels${activation ? ' and SiLU' : ''}: value and gradients of the definition`, async () => {
          await selectBackend({ backend });
          const [B, H, W] = [2, 3, 4];
          const sizes = [B, H * W, C];
          const arrays = {
            x: gaussians(B * H * W * C, 'x').map((v, i) => 2 * v + (i % 5)),
            weight: gaussians(C, 'weight').map(v => 1 + 0.3 * v),
            bias: gaussians(C, 'bias'),
          };
          const dy = gaussians(B * H * W * C, 'dy');
          const { value, gradients, metrics } = valueAndGradients(
            ({ x, ...p }) => {
              const y = groupNorm({ 'n.weight': p.weight, 'n.bias': p.bias }, 'n', x, { eps: 1e-3, activation });
              return { value: tf.sum(tf.mul(y, tf.tensor(dy, y.shape))), metrics: { y } };
            },
            { x: tf.tensor(arrays.x, [B, H, W, C]), weight: tf.tensor(arrays.weight), bias: tf.tensor(arrays.bias) },
          );
          assertAllClose(await metrics.y.data(), normalise(arrays, sizes, 1e-3, activation), 1e-5, 'value');
          for (const name of ['x', 'weight', 'bias'] as const) {
            const gradient = await gradients[name].data();
            for (let n = 0; n < 5; n++) {
              const direction = gaussians(arrays[name].length, `direction ${n}`);
              const loss = (h: number): number => {
                const moved = Float64Array.from(arrays[name], (v, i) => v + h * direction[i]);
                const y = normalise({ ...arrays, [name]: moved }, sizes, 1e-3, activation);
                return y.reduce((sum, v, i) => sum + v * dy[i], 0);
              };
              const slope = (loss(1e-5) - loss(-1e-5)) / 2e-5;
              const ours = direction.reduce((sum, v, i) => sum + v * gradient[i], 0);
              assertClose(ours, slope, 1e-4 * Math.max(1, Math.abs(slope)), `${name}, direction ${n}`);
            }
          }
          tf.dispose([value, gradients, metrics]);
        });

    test('there are min(32, channels / 4) groups', () => {
      assert.deepEqual([8, 16, 128, 256, 512].map(groupsOf), [2, 4, 32, 32, 32]);
    });
  });

  describe(`resampling on ${backend}`, () => {
    const shape: [number, number, number, number] = [2, 4, 6, 3];
    const small: [number, number, number, number] = [2, 2, 3, 3];

    test('downsampling is the mean of 2 x 2 pixels, upsampling repeats them', async () => {
      await selectBackend({ backend });
      const image = tf.tensor([1, 2, 3, 4, 5, 6, 7, 8], [1, 2, 4, 1]);
      assert.deepEqual(await valuesOf(downsample(image)), [3.5, 5.5]);
      assert.deepEqual(await valuesOf(upsample(tf.tensor([1, 2], [1, 1, 2, 1]))), [1, 1, 2, 2, 1, 1, 2, 2]);
      const x = tf.tensor(gaussians(36, 'x'), small);
      assertAllClose(await downsample(upsample(x)).data(), await x.data(), 1e-6, 'down after up is the identity');
    });

    test('their gradients are their adjoints: <A x, y> = <x, A* y>', async () => {
      await selectBackend({ backend });
      for (const [op, from, to] of [
        [downsample, shape, small],
        [upsample, small, shape],
      ] as const) {
        const [x, y] = [
          tf.tensor(gaussians(tf.util.sizeFromShape(from), 'x'), from),
          tf.tensor(gaussians(tf.util.sizeFromShape(to), 'y'), to),
        ];
        const { value, gradients } = valueAndGradients(t => ({ value: tf.sum(tf.mul(op(t.x), y)), metrics: {} }), {
          x,
        });
        const inner = (await valuesOf(tf.sum(tf.mul(gradients.x, x))))[0];
        assertClose(inner, (await valuesOf(value))[0], 1e-4);
        // the adjoint of one direction is the other up to the factor 4
        const other = op === downsample ? tf.div(upsample(y), 4) : tf.mul(downsample(y), 4);
        assertAllClose(await gradients.x.data(), await other.data(), 1e-6);
      }
    });
  });

  describe(`attention on ${backend}`, () => {
    for (const heads of [1, 2])
      test(`${heads} head${heads > 1 ? 's' : ''}: the loop over queries, keys and values`, async () => {
        await selectBackend({ backend });
        const [B, H, W, C] = [2, 2, 3, 8];
        const [N, c] = [H * W, C / heads];
        const arrays = {
          'a.norm2.weight': gaussians(C, 'nw'),
          'a.norm2.bias': gaussians(C, 'nb'),
          'a.qkv.weight': gaussians(C * 3 * C, 'qw'),
          'a.qkv.bias': gaussians(3 * C, 'qb'),
          'a.proj.weight': gaussians(C * C, 'pw'),
          'a.proj.bias': gaussians(C, 'pb'),
        };
        const x = gaussians(B * N * C, 'x');
        const normed = normalise(
          { x, weight: arrays['a.norm2.weight'], bias: arrays['a.norm2.bias'] },
          [B, N, C],
          1e-6,
          false,
        );
        const dense = (
          input: Float64Array,
          row: number,
          name: 'a.qkv' | 'a.proj',
          out: number,
          width: number,
        ): number => {
          let sum: number = arrays[`${name}.bias`][out];
          for (let i = 0; i < C; i++) sum += input[row * C + i] * arrays[`${name}.weight`][i * width + out];
          return sum;
        };
        // channel (h c + j) 3 + {0, 1, 2} of qkv holds channel j of head h of q, k, v
        const part = (which: number, row: number, h: number, j: number): number =>
          dense(normed, row, 'a.qkv', (h * c + j) * 3 + which, 3 * C);
        const merged = new Float64Array(B * N * C);
        for (let b = 0; b < B; b++)
          for (let h = 0; h < heads; h++)
            for (let n = 0; n < N; n++) {
              const channels = [...Array(c).keys()];
              const logits = Array.from({ length: N }, (_, m) =>
                channels.reduce((sum, j) => sum + part(0, b * N + n, h, j) * part(1, b * N + m, h, j), 0),
              ).map(l => l / Math.sqrt(c));
              const weights = logits.map(l => Math.exp(l - Math.max(...logits)));
              const total = weights.reduce((s, w) => s + w, 0);
              for (const j of channels)
                merged[(b * N + n) * C + h * c + j] = weights.reduce(
                  (s, w, m) => s + (w / total) * part(2, b * N + m, h, j),
                  0,
                );
            }
        const expected = Float64Array.from(x, (_, i) => dense(merged, Math.floor(i / C), 'a.proj', i % C, C));
        const shapes: Record<string, number[]> = { 'a.qkv.weight': [1, 1, C, 3 * C], 'a.proj.weight': [1, 1, C, C] };
        const p = Object.fromEntries(
          Object.entries(arrays).map(([name, data]) => [name, tf.tensor(data, shapes[name] ?? [data.length])]),
        );
        const ours = attention(p, 'a', tf.tensor(x, [B, H, W, C]), heads, 1e-6);
        assert.deepEqual(ours.shape, [B, H, W, C]);
        assertAllClose(await ours.data(), expected, 1e-5);
      });
  });

  describe(`dropout on ${backend}`, () => {
    test('without noise it is the identity; with noise it keeps the mean and drops its share', async () => {
      await selectBackend({ backend });
      const [n, rate] = [50_000, 0.3];
      const x = tf.ones([n]);
      assert.equal(dropout(x, rate, undefined), x);
      const y = await valuesOf(dropout(x, rate, tf.tensor(uniform({ seed: 1, stream: 'dropout' }, n))));
      assertClose(mean(y), 1, 4 * Math.sqrt(rate / (1 - rate) / n));
      assertClose(y.filter(v => v === 0).length / n, rate, 4 * Math.sqrt((rate * (1 - rate)) / n));
      assert.deepEqual([...new Set(y)].sort(), [0, Math.fround(1 / 0.7)]);
    });
  });
}
