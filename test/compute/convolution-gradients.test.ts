import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { selectBackend } from '../../src/compute/backend';
import { valueAndGradients } from '../../src/compute/tensors';
import { assertAllClose, gaussians } from '../close';
import { TESTED_BACKENDS } from '../golden';

type Case = { B: number; H: number; W: number; C: number; K: number; k: number; stride: number; pad: Pad };
type Pad = 'same' | 'valid' | number;

/** Output size and leading padding along one axis, from the definitions of the paddings. */
const axis = (size: number, k: number, stride: number, pad: Pad): [out: number, before: number] => {
  if (pad === 'valid') return [Math.ceil((size - k + 1) / stride), 0];
  if (pad !== 'same') return [Math.floor((size + 2 * pad - k) / stride) + 1, pad];
  const out = Math.ceil(size / stride);
  return [out, Math.floor(Math.max((out - 1) * stride + k - size, 0) / 2)];
};

/** The gradients of sum(conv(x, w) dy) by its definition: a loop over all products x w dy, in float64. */
const byLoops = ({ B, H, W, C, K, k, stride, pad }: Case, x: Float32Array, w: Float32Array) => {
  const [[rows, top], [columns, left]] = [axis(H, k, stride, pad), axis(W, k, stride, pad)];
  const dy = gaussians(B * rows * columns * K, 'dy');
  const [dx, dw] = [new Float64Array(x.length), new Float64Array(w.length)];
  for (let b = 0; b < B; b++)
    for (let r = 0; r < rows; r++)
      for (let s = 0; s < columns; s++)
        for (let i = 0; i < k; i++)
          for (let j = 0; j < k; j++) {
            const [y, z] = [r * stride + i - top, s * stride + j - left];
            if (y < 0 || y >= H || z < 0 || z >= W) continue;
            for (let c = 0; c < C; c++)
              for (let o = 0; o < K; o++) {
                const [atX, atW] = [((b * H + y) * W + z) * C + c, ((i * k + j) * C + c) * K + o];
                const g = dy[((b * rows + r) * columns + s) * K + o];
                dx[atX] += w[atW] * g;
                dw[atW] += x[atX] * g;
              }
          }
  return { shape: [B, rows, columns, K], dy, dx, dw };
};

const check = async (sizes: Case): Promise<void> => {
  const { B, H, W, C, K, k, stride, pad } = sizes;
  const [x, w] = [gaussians(B * H * W * C, 'x'), gaussians(k * k * C * K, 'w')];
  const { shape, dy, dx, dw } = byLoops(sizes, x, w);
  const { gradients } = valueAndGradients(
    t => {
      const y = tf.conv2d(t.x as tf.Tensor4D, t.w as tf.Tensor4D, stride, pad);
      assert.deepEqual(y.shape, shape);
      return { value: tf.sum(tf.mul(y, tf.tensor(dy, shape))), metrics: {} };
    },
    { x: tf.tensor(x, [B, H, W, C]), w: tf.tensor(w, [k, k, C, K]) },
  );
  assertAllClose(await gradients.x.data(), dx, 1e-5, `dx of ${JSON.stringify(sizes)}`);
  assertAllClose(await gradients.w.data(), dw, 1e-5, `dw of ${JSON.stringify(sizes)}`);
  tf.dispose(gradients);
};

for (const backend of TESTED_BACKENDS)
  describe(`gradients of a convolution are those of the direct formula on ${backend}`, () => {
    for (const stride of [1, 2])
      for (const pad of ['same', 'valid', 1, 2] as const)
        test(`stride ${stride}, padding ${pad}: kernels 1 to 5, even and odd sizes`, async () => {
          await selectBackend({ backend });
          for (const k of [1, 2, 3, 4, 5])
            for (const [H, W] of [
              [6, 6],
              [7, 7],
              [8, 5],
            ])
              await check({ B: 2, H, W, C: 3, K: 4, k, stride, pad });
        });

    test('one image, one channel in or out', async () => {
      await selectBackend({ backend });
      for (const [C, K] of [
        [1, 5],
        [5, 1],
        [1, 1],
      ])
        await check({ B: 1, H: 6, W: 7, C, K, k: 3, stride: 1, pad: 'same' });
    });
  });
