import { normalRows } from '../src/compute/noise';
import type { Dataset } from '../src/datasets';
import { cosim, denoising, type Method } from '../src/losses';
import { type Denoiser, denoiserFromConfig } from '../src/networks';
import type { AdamOptions } from '../src/training/adam';

/** What is timed: one iteration of a method on one network, at one batch size. */
export type Case = {
  name: string;
  network: Denoiser['config'];
  method: 'edm' | 'cosim'; // one update of a teacher; or one of psi and one of phi
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

export const CASES: readonly Case[] = [
  { name: 'mlp-edm', network: MLP, method: 'edm', batch: 1024 },
  { name: 'mlp-cosim', network: MLP, method: 'cosim', batch: 1024 },
  { name: 'unet-edm', network: UNET, method: 'edm', batch: 64 },
  { name: 'unet-cosim', network: UNET, method: 'cosim', batch: 64 },
];

/** What both sides train with: Table 5 for CIFAR-10. */
export const ADAM: AdamOptions = { learningRate: 1e-5, beta1: 0, beta2: 0.999, eps: 1e-8 };
export const EMA = { halflife: 500_000, rampup: 0.05 };
export const COSIM = { alpha: 1.2, coef: 1 };

export const denoiserOf = ({ network }: Case): Denoiser => denoiserFromConfig(network);

export const methodOf = (which: Case): Method => {
  const denoiser = denoiserOf(which);
  return which.method === 'edm' ? denoising(denoiser) : cosim(denoiser, denoiser, COSIM);
};

/** Samples of noise: the time of a step does not depend on what is in them. */
export const noiseData = ({ sampleShape, classes }: Denoiser): Dataset => {
  const size = sampleShape.reduce((product, n) => product * n, 1);
  return {
    name: 'noise',
    sampleShape,
    classes,
    length: Infinity,
    provenance: {},
    batch: indices => ({
      x: normalRows({ seed: 1, stream: 'bench.data' }, 0, indices.length, size).map(z => 0.5 * z),
      labels: Int32Array.from(indices, (_, i) => (classes > 0 ? i % classes : 0)),
    }),
  };
};
