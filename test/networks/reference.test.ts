import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { auxiliaryOf, denoiserFromConfig, denoiserFromReference, parameterCount } from '../../src/networks';
import { goldenFolder } from '../golden';

const song = { img_resolution: 8, img_channels: 3, model_channels: 8, channel_mult: [1, 2], num_blocks: 1 };

describe('denoisers by the names of the reference', () => {
  test('a configuration rebuilds each of them, through JSON', () => {
    const cases: [string, Record<string, unknown>][] = [
      ['EDMPrecond', { ...song, model_type: 'SongUNet' }],
      ['training.networks.EDMPrecond', { ...song, model_type: 'SongUNet', sigma_min: 0.01, sigma_max: Infinity }],
      [
        'VPPrecond',
        { ...song, M: 500, embedding_type: 'fourier', encoder_type: 'residual', resample_filter: [1, 3, 3, 1] },
      ],
      ['VEPrecond', { ...song, sigma_max: 50, decoder_type: 'skip' }],
      ['iDDPMPrecond', { ...song, label_dim: 4, use_fp16: true }],
      ['Precond', { ...song, clip_act: null, channel_mult_noise: null, dropout: 0.2 }],
    ];
    for (const [name, kwargs] of cases) {
      const denoiser = denoiserFromReference(name, kwargs);
      const again = denoiserFromConfig(JSON.parse(JSON.stringify(denoiser.config)) as typeof denoiser.config);
      assert.deepEqual(again.config, denoiser.config, name);
      assert.deepEqual(again.parameters, denoiser.parameters, name);
      assert.deepEqual(again.range, denoiser.range, name);
      assert.equal(auxiliaryOf(denoiser).config.secondTime, true);
    }
  });

  test("arguments left out have the reference's defaults: SongUNet's are not those of EDM's CIFAR-10 network", () => {
    const { config } = denoiserFromReference('VPPrecond', { img_resolution: 32, img_channels: 3 });
    assert.deepEqual([config.kind, config.channelMult, config.dropout], ['ddpmpp', [1, 2, 2, 2], 0.1]);
    const fourier = denoiserFromReference('VEPrecond', {
      img_resolution: 32,
      img_channels: 3,
      embedding_type: 'fourier',
    });
    const { kind, encoder, filter, channelMultNoise } = fourier.config;
    assert.deepEqual([kind, encoder, filter, channelMultNoise], ['ncsnpp', 'standard', [1, 1], 1]);
    // the default model of EDMPrecond is ADM, of which this is the published size without labels
    const adm = denoiserFromReference('EDMPrecond', { img_resolution: 64, img_channels: 3, label_dim: 1000 });
    assert.equal(parameterCount(adm.parameters), 295899267);
    assert.equal(denoiserFromReference('Precond', { ...song, clip_act: null }).config.clip, 0);
  });

  test('ranges are those of the classes', () => {
    const rangeOf = (name: string, more = {}) => denoiserFromReference(name, { ...song, ...more }).range;
    assert.deepEqual(rangeOf('EDMPrecond'), { sigmaMin: 0, sigmaMax: Infinity });
    assert.deepEqual(rangeOf('EDMPrecond', { sigma_min: 0.1, sigma_max: 7 }), { sigmaMin: 0.1, sigmaMax: 7 });
    assert.deepEqual(rangeOf('VEPrecond'), { sigmaMin: 0.02, sigmaMax: 100 });
    const { vp } = JSON.parse(readFileSync(join(goldenFolder, 'net', 'vp_ddpmpp_uncond.json'), 'utf8')) as {
      vp: { sigma_min: number; sigma_max: number };
    };
    assert.deepEqual(rangeOf('VPPrecond'), { sigmaMin: vp.sigma_min, sigmaMax: vp.sigma_max });
  });

  test('iDDPM knows its own levels only', () => {
    const { roundSigma } = denoiserFromReference('iDDPMPrecond', song);
    const { iddpm, sigma } = JSON.parse(readFileSync(join(goldenFolder, 'net', 'iddpm_adm_cond.json'), 'utf8')) as {
      iddpm: { rounded_sigma: number[] };
      sigma: number[];
    };
    assert.deepEqual(sigma.map(roundSigma!), iddpm.rounded_sigma);
  });

  test('what is unknown is refused by name', () => {
    assert.throws(() => denoiserFromReference('EDMPrecon', song), {
      name: 'ArgumentError',
      message: /unknown class 'EDMPrecon'. Did you mean 'EDMPrecond'\?/,
    });
    assert.throws(() => denoiserFromReference('constructor', song), /unknown class 'constructor'/);
    assert.throws(
      () => denoiserFromReference('EDMPrecond', { ...song, model_channel: 3 }),
      /Did you mean 'model_channels'/,
    );
    assert.throws(
      () => denoiserFromReference('EDMPrecond', { ...song, model_type: 'UNet' }),
      /model_type must be 'SongUNet' or 'DhariwalUNet', got 'UNet'/,
    );
    assert.throws(
      () => denoiserFromReference('Precond', { ...song, model_type: 'SongUNet' }),
      /model_type must be absent/,
    );
    assert.throws(() => denoiserFromReference('Precond', { ...song, augment_dim: 9 }), /unknown option 'augment_dim'/);
    assert.throws(() => denoiserFromReference('EDMPrecond', { ...song, beta_d: 1 }), /unknown option 'beta_d'/);
    assert.throws(() => denoiserFromReference('VPPrecond', { img_channels: 3 }), /img_resolution must be given/);
    assert.throws(() => denoiserFromReference('VPPrecond', { ...song, img_resolution: 'large' }), /must be a number/);
    assert.throws(
      () => denoiserFromReference('VPPrecond', { ...song, encoder_type: 'dense' }),
      /encoder must be one of 'standard', 'skip', 'residual', got 'dense'/,
    );
    assert.throws(
      () => denoiserFromConfig({ kind: 'mlp', preconditioning: { kind: 'ddim' } }),
      /kind must be one of 'edm'/,
    );
    assert.throws(
      () => denoiserFromConfig({ kind: 'mlp', preconditioning: { kind: 've', betaD: 3 } }),
      /unknown option 'betaD'/,
    );
    assert.throws(
      () => denoiserFromReference('VEPrecond', { ...song, sigma_max: 0.01 }),
      /sigmaMax must be a finite number above 0.02, got 0.01/,
    );
  });
});
