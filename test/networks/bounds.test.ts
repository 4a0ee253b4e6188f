import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CheckpointError, writeSafetensors } from '../../src/checkpoints';
import { ArgumentError } from '../../src/compute/check';
import { loadNetwork } from '../../src/models';
import {
  type Denoiser,
  denoiserFromConfig,
  denoiserFromReference,
  publishedDenoiser,
  PUBLISHED_NAMES,
} from '../../src/networks';
import { temporaryFolder } from '../temporary-folder';

const SONG = { img_resolution: 32, img_channels: 3, model_type: 'SongUNet' };

test('a size that no network has is refused by name, at once', () => {
  const cases: [string, string, Record<string, unknown>][] = [
    ['blocks', 'EDMPrecond', { ...SONG, num_blocks: 1e6 }],
    ['modelChannels', 'EDMPrecond', { ...SONG, model_channels: 1e9 }],
    ['classes', 'EDMPrecond', { ...SONG, label_dim: 1e9 }],
    ['resolution', 'EDMPrecond', { ...SONG, img_resolution: 2 ** 31 }],
    ['length of channelMult', 'EDMPrecond', { ...SONG, channel_mult: Array(10_000).fill(1) }],
    ['length of filter', 'EDMPrecond', { ...SONG, resample_filter: Array(100_000).fill(1) }],
    ['M', 'iDDPMPrecond', { ...SONG, model_type: 'DhariwalUNet', M: 1e9 }],
    ['logvarChannels', 'Precond', { img_resolution: 64, img_channels: 4, label_dim: 10, logvar_channels: 1e9 }],
  ];
  for (const [name, className, kwargs] of cases)
    assert.throws(
      () => denoiserFromReference(className, kwargs),
      (error: Error) => error instanceof ArgumentError && error.message.includes(`: ${name} must be an integer from`),
    );
  assert.throws(
    () => denoiserFromConfig({ kind: 'mlp', blocks: 1e7 }),
    /mlp: blocks must be an integer from 1 to 1000/,
  );
});

test('every published network is within the bounds', () => {
  for (const name of PUBLISHED_NAMES) publishedDenoiser(name);
});

test('a configuration that is no object, or names what every object has, is refused by name', () => {
  for (const kind of ['constructor', '__proto__', 'toString', 'hasOwnProperty', null, 5])
    assert.throws(() => denoiserFromConfig({ kind } as unknown as Denoiser['config']), /unknown kind of network/);
  for (const config of [null, 5, [], 'x'])
    assert.throws(() => denoiserFromConfig(config as unknown as Denoiser['config']), /config must be an object/);
  assert.throws(() => denoiserFromConfig({ kind: 'mixture' }), /mixture must be an object/);
  assert.throws(() => denoiserFromConfig({ kind: 'mlp', preconditioning: null }), /preconditioning must be an object/);
});

test('arguments by position are those of the reference signature', () => {
  const named = denoiserFromReference('EDMPrecond', { ...SONG, label_dim: 10, sigma_data: 0.7 });
  const { model_type: model, ...rest } = { ...SONG, sigma_data: 0.7 };
  assert.deepEqual(rest, { img_resolution: 32, img_channels: 3, sigma_data: 0.7 });
  // EDMPrecond(img_resolution, img_channels, label_dim=0, use_fp16=False, sigma_min=0, sigma_max=inf, sigma_data=0.5, model_type)
  const positional = denoiserFromReference('EDMPrecond', { sigma_data: 0.7, model_type: model }, [32, 3, 10]);
  assert.deepEqual(positional.config, named.config);
  assert.throws(() => denoiserFromReference('EDMPrecond', SONG, [32]), /img_resolution must be given once/);
});

test('weights that are NaN or infinite are named when a network is loaded', async () => {
  const file = temporaryFolder()('net.safetensors');
  const metadata = { format: 'cosim-model-1', config: JSON.stringify({ kind: 'mlp', width: 4, blocks: 1 }) };
  for (const [dtype, data] of [
    ['F32', Float32Array.of(1, NaN)],
    ['F64', Float64Array.of(1, -Infinity)],
    ['F16', Uint16Array.of(0x3c00, 0x7e00)], // 1 and NaN
    ['BF16', Uint16Array.of(0x3f80, 0x7fc0)],
  ] as const) {
    await writeSafetensors(file, { 'model.in.bias': { dtype, shape: [2], data } }, metadata);
    await assert.rejects(
      loadNetwork(file),
      (error: Error) =>
        error instanceof CheckpointError &&
        error.code === 'not-finite' &&
        error.message.includes(`element 1 of 'model.in.bias'`),
    );
  }
});
