import { shapeSize } from '../src/compute/host-arrays';
import { normal } from '../src/compute/noise';
import type { Dataset } from '../src/datasets';
import type { Mixture } from '../src/diffusion';
import { ddpmpp, type Denoiser, edm2, edmDenoiser, mlp } from '../src/networks';

/** Two Gaussians in the plane, one of them slanted. */
export const twoModes: Mixture = {
  weights: [0.3, 0.7],
  means: [
    [-0.6, 0.2],
    [0.4, -0.1],
  ],
  covariances: [
    [
      [0.02, 0.01],
      [0.01, 0.03],
    ],
    [
      [0.05, 0],
      [0, 0.01],
    ],
  ],
};

export const tinyMlp = (): Denoiser => edmDenoiser(mlp({ dimensions: 2, width: 8, blocks: 1 }));

/** 8 x 8 images of three classes, with dropout and attention: every branch of the code at the least cost. */
export const tinyImageNet = (): Denoiser =>
  edmDenoiser(
    ddpmpp({
      resolution: 8,
      channels: 1,
      classes: 3,
      modelChannels: 4,
      channelMult: [1, 1],
      blocks: 1,
      attention: [4],
      dropout: 0.2,
    }),
  );

/** EDM2 on the same images: its frequencies are constants among its parameters. */
export const tinyEdm2 = (): Denoiser =>
  edmDenoiser(
    edm2({
      resolution: 8,
      channels: 1,
      classes: 3,
      modelChannels: 4,
      channelMult: [1, 1],
      blocks: 1,
      attention: [],
      logvarChannels: 4,
    }),
  );

/** Endless noise of a given shape as data, labels going round. */
export const noiseData = (sampleShape: readonly number[], classes = 0, length = Infinity): Dataset => {
  const size = shapeSize(sampleShape);
  return {
    name: 'noise',
    sampleShape,
    classes,
    length,
    batch: indices => {
      const x = new Float32Array(indices.length * size);
      indices.forEach((sample, i) =>
        x.set(
          normal({ seed: 1, stream: 'data', sample }, size).map(v => 0.5 * v),
          i * size,
        ),
      );
      return Promise.resolve({ x, labels: Int32Array.from(classes > 0 ? indices : [], i => i % classes) });
    },
    provenance: { seed: 1 },
  };
};

export const tinyPoints = noiseData([2]);
export const tinyImages = noiseData([8, 8, 1], 3);
