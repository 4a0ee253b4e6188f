import * as tf from '@tensorflow/tfjs-core';
import { valueAndGradients } from '../../src/compute/tensors';
import { diffuse, logNormalLevel, sigmaAt } from '../../src/diffusion';
import { denoisingLoss, phiLoss } from '../../src/losses';
import type { Fixture, Json } from './fixture';
import { gradientNorms, recordedGradients } from './gradients';
import { array, type Measure, scalar, TYPICAL } from './measure';
import { conditionsOf, type Floors, imagesOf, networkOf, parametersOf } from './network';

type Part = { loss_sum: number; noise_floor: Floors };

/** sid/: SiD's generator loss and its gradient with respect to the images, and the loss of the fake score. */
export const sid = async (fixture: Fixture): Promise<Measure[]> => {
  const { json, tensor, host } = fixture;
  if (json.kind !== 'SiD losses') throw new Error(`unknown kind '${String(json.kind)}'`);
  const network = networkOf(json, json.network_kwargs as Json);
  const [real, fake] = ['true_score/', 'fake_score/'].map(prefix => parametersOf(network, fixture, prefix));
  const images = tensor('in/images');
  const recorded = (name: string): Float32Array => host(name).data as Float32Array;
  const measures: Measure[] = [];
  const { labels } = conditionsOf(fixture, network); // augmentation labels are zero, which is the same as none
  const draws = Array.from(recorded('generator/rand_t'), r => sigmaAt((r * Number(json.tmax)) / 1000));
  measures.push(array('generator: sigma', draws, recorded('generator/sigma'), 3e-7));
  const s = tf.tensor1d(Array.from(recorded('generator/sigma')));
  for (const [alpha, { loss_sum: sum, noise_floor: floors }] of Object.entries(
    json.generator as Record<string, Part>,
  )) {
    const { value, gradients, metrics } = valueAndGradients(
      ({ xHat }) => {
        const x = diffuse(xHat, tensor('generator/noise'), s);
        const [D, F] = [real, fake].map(p => network.denoise(p, x, s, { labels }));
        const elements = phiLoss({ F, xHat, D }, { alpha: Number(alpha) });
        return { value: tf.sum(elements), metrics: { elements } };
      },
      { xHat: images },
    );
    const [name, folder] = [`generator, alpha ${alpha}`, `generator/alpha${alpha}`];
    measures.push(
      array(`${name}: loss`, await imagesOf(metrics.elements), recorded(`${folder}/loss`), floors.loss.rel_l2),
      array(`${name}: d images`, await imagesOf(gradients.xHat), recorded(`${folder}/grad_images`), floors.grad.rel_l2),
      scalar(`${name}: sum`, (await value.data())[0], sum, TYPICAL.gradient),
    );
  }
  const { noise_floor: floors, grad_norms: norms } = json.fake as Part & { grad_norms: Record<string, number> };
  const levels = Array.from(recorded('fake/rnd_normal'), z => logNormalLevel(z));
  measures.push(array('fake score: sigma', levels, recorded('fake/sigma'), 1e-7));
  const { gradients, metrics } = valueAndGradients(p => {
    const sigma = tf.tensor1d(levels);
    const D = network.denoise(p, diffuse(images, tensor('fake/noise'), sigma), sigma, { labels });
    const elements = denoisingLoss(D, images, sigma);
    return { value: tf.div(tf.sum(elements), images.shape[0]), metrics: { elements } };
  }, fake);
  const limits = { all: floors.grad.rel_l2, each: Math.max(floors.grad.rel_l2, TYPICAL.gradient) };
  measures.push(
    array('fake score: loss', await imagesOf(metrics.elements), recorded('fake/loss'), floors.loss.rel_l2),
    ...(await recordedGradients(gradients, fixture, 'fake/grad/', limits)),
    ...(await gradientNorms(gradients, norms, limits.each)),
  );
  return measures;
};
