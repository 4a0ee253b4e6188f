/*
 * A grid of images from an EDM checkpoint, by EDM's deterministic Heun sampler. In your own project import from 'cosim'.
 *
 *   node --import tsx examples/sample_edm.ts edm-cifar10-32x32-uncond-vp.pkl grid.png
 *
 * The checkpoints are those of Karras et al. 2022, "Elucidating the Design Space of Diffusion-Based Generative Models"
 * (https://nvlabs-fi-cdn.nvidia.com/edm/pretrained/). What the paper reports for them, at 50,000 images, best of three
 * sets of seeds:
 *
 *   checkpoint                           steps  network evaluations  FID
 *   edm-cifar10-32x32-uncond-vp.pkl      18     35                   1.97
 *   edm-cifar10-32x32-cond-vp.pkl        18     35                   1.79
 *   edm-ffhq-64x64-uncond-vp.pkl         40     79                   2.39
 *   edm-afhqv2-64x64-uncond-vp.pkl       40     79                   1.96
 *
 * A grid of 64 images has no FID worth the name: look at it.
 */
import { writeFileSync } from 'node:fs';
import { dispose } from '@tensorflow/tfjs-core';
import { imageGrid, loadTeacher, sampleHeun, selectBackend } from '../src';

const SEEDS = Array.from({ length: 64 }, (_, i) => i); // image k depends on seed k alone
const STEPS = 18; // noise levels; 2 * STEPS - 1 network evaluations

const main = async ([checkpoint, picture = 'grid.png', seeds = '64', steps = String(STEPS)]: string[]) => {
  if (!checkpoint) throw new Error('usage: sample_edm.ts CHECKPOINT [PICTURE [IMAGES [STEPS]]]');
  const { name } = await selectBackend();
  const { denoiser, parameters } = await loadTeacher(checkpoint);
  const chosen = SEEDS.slice(0, Number(seeds));
  const images = await sampleHeun({
    denoiser,
    parameters,
    seeds: chosen,
    labels: denoiser.classes > 0 ? chosen.map(seed => seed % denoiser.classes) : undefined,
    steps: Number(steps),
    batch: 16, // memory, never results
    onStep: ({ done, total, step }) => console.error(`${name}: ${done} of ${total} images, step ${step} of ${steps}`),
  });
  dispose(parameters);
  const { png } = await imageGrid({ images, columns: 8, scale: 2 });
  writeFileSync(picture, png);
};

void main(process.argv.slice(2));
