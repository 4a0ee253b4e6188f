import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readCheckpoint } from '../../src/checkpoints';
import { goldenCheckpoint } from './golden';

// test/golden/ckpt/protocols/make.py holds the values that are expected here.

test('a snapshot reads the same in every pickle protocol', async t => {
  for (let protocol = 0; protocol <= 5; protocol++)
    await t.test(`protocol ${protocol}`, async () => {
      const file = goldenCheckpoint(`protocols/snapshot.proto${protocol}.pkl`);
      const { tensors, className, initKwargs, provenance } = await readCheckpoint(file);
      assert.equal(className, 'EDMPrecond');
      assert.deepEqual(
        { ...initKwargs },
        { img_resolution: 8, channel_mult: [1, 2], dropout: 0.13, use_fp16: false, label_dim: 0 },
      );
      assert.deepEqual(
        { ...tensors },
        {
          table: { dtype: 'I64', shape: [3, 2], data: BigInt64Array.of(0n, 3n, 1n, 4n, 2n, 5n) },
          half: { dtype: 'F16', shape: [1], data: Uint16Array.of(0x3e00) },
          'enc.8x8_conv.weight': {
            dtype: 'F32',
            shape: [2, 3, 1, 1],
            data: Float32Array.of(-1, -0.875, -0.75, -0.625, -0.5, -0.375),
          },
          'enc.8x8_conv.resample_filter': {
            dtype: 'F32',
            shape: [1, 1, 2, 2],
            data: Float32Array.of(0.25, 0.25, 0.25, 0.25),
          },
        },
      );
      const plain = JSON.parse(JSON.stringify(provenance.values)) as Record<string, unknown>;
      assert.deepEqual(plain.encoder, { class_name: 'StabilityVAEEncoder', scale: [0.125, 0.5], bias: [1, 2, 3, 4] });
      assert.deepEqual(plain.loss_fn, { class_name: 'EDMLoss', P_mean: -1.2, P_std: 1.2, sigma_data: 0.5 });
      const { dataset_kwargs: data, extra } = provenance.values as Record<string, Record<string, unknown>>;
      assert.deepEqual(
        { ...data },
        {
          path: 'Größe/画像 \\u0041 😀\n',
          use_labels: true,
          size: -(2 ** 40),
          big: String(2n ** 70n),
          limit: Infinity,
        },
      );
      assert.deepEqual({ ...extra }, { pair: [1, -1], one: [2], none: [], many: [0, 1, 2, 3, 4], names: ['a'] });
    });
});
