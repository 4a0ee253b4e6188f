import { shapeSize } from '../src/compute/host-arrays';
import { normalRows } from '../src/compute/noise';
import type { Dataset } from '../src/datasets';
import { cosim, denoising, type Method } from '../src/methods';
import { type Denoiser, denoiserFromConfig } from '../src/networks';
import { RUN_DEFAULTS, type RunOptions } from '../src/training';

/** What is timed. */
export type Case = {
  name: string;
  network: Denoiser['config'];
  work: 'edm' | 'cosim' | 'forward' | 'sample'; // a teacher's update; one of psi and one of phi; D(x, sigma); Algorithm 1
  batch: number;
};

const MLP = { kind: 'mlp', dimensions: 2, width: 128, blocks: 3, classes: 0 };
const UNET = {
  kind: 'ddpmpp',
  resolution: 16,
  channels: 1,
  classes: 0,
  modelChannels: 32,
  channelMult: [1, 2, 2],
  blocks: 1,
  attention: [8],
  dropout: 0,
};
const CIFAR = { kind: 'ddpmpp', dropout: 0 }; // the defaults: 55.7 M parameters, 32 x 32 x 3

export const CASES: readonly Case[] = [
  { name: 'mlp-edm', network: MLP, work: 'edm', batch: 1024 },
  { name: 'mlp-cosim', network: MLP, work: 'cosim', batch: 1024 },
  { name: 'unet-edm', network: UNET, work: 'edm', batch: 64 },
  { name: 'unet-cosim', network: UNET, work: 'cosim', batch: 64 },
  { name: 'cifar-forward', network: CIFAR, work: 'forward', batch: 4 },
  { name: 'sample-unet', network: UNET, work: 'sample', batch: 256 },
];

const unet = (modelChannels: number, channelMult: number[], blocks = 1): Denoiser['config'] => ({
  ...UNET,
  modelChannels,
  channelMult,
  blocks,
});

/** How time grows with the batch and with the network; networks of 0.1 M to 60 M parameters. */
export const SCALING: readonly Case[] = [
  ...[8, 16, 32, 64, 128, 256].map((batch): Case => ({
    name: `unet-cosim, batch ${batch}`,
    network: UNET,
    work: 'cosim',
    batch,
  })),
  ...(
    [
      ['0.1 M', unet(12, [1, 2]), 16],
      ['0.4 M', unet(24, [1, 2]), 16],
      ['1.3 M', UNET, 16],
      ['5 M', unet(64, [1, 2, 2]), 16],
      ['20 M', unet(128, [1, 2, 2]), 16],
      ['56 M', CIFAR, 4],
    ] as const
  ).map(([size, network, batch]): Case => ({ name: `edm, ${size}`, network, work: 'edm', batch })),
];

/** Times of Algorithm 1 in the sampling case, and how many images go through the network at once. */
export const SAMPLING = { times: [80, 16.78, 2.24, 0.131], chunk: 64 };

/** What both sides train with: Table 5 for CIFAR-10. */
export const OPTIONS: RunOptions = { ...RUN_DEFAULTS, learningRate: 1e-5, seed: 1 };
export const COSIM = { alpha: 1.2, coef: 1 };

export const denoiserOf = ({ network }: Case): Denoiser => denoiserFromConfig(network);

export const methodOf = (which: Case): Method => {
  const denoiser = denoiserOf(which);
  return which.work === 'cosim' ? cosim(denoiser, denoiser, COSIM) : denoising(denoiser);
};

/** Samples of noise: the time of a step does not depend on what is in them. */
export const noiseData = ({ sampleShape, classes }: Denoiser): Dataset => {
  const size = shapeSize(sampleShape);
  return {
    name: 'noise',
    sampleShape,
    classes,
    length: Infinity,
    provenance: {},
    batch: indices =>
      Promise.resolve({
        x: normalRows({ seed: 1, stream: 'bench.data' }, 0, indices.length, size).map(z => 0.5 * z),
        labels: Int32Array.from(indices, (_, i) => (classes > 0 ? i % classes : 0)),
      }),
  };
};
