import * as tf from '@tensorflow/tfjs-core';
import { valueAndGradients } from '../../src/compute/tensors';
import type { Fixture } from './fixture';
import { gradientNorms, recordedGradients } from './gradients';
import { array, type Measure, scalar } from './measure';
import { conditionsOf, type Floors, imagesOf, networkOf, parametersOf, weightsOf } from './network';

/** In float64: float32 sums would show their own rounding only. */
const mean = (values: ArrayLike<number>): number => {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i];
  return sum / values.length;
};

/** grad/: the gradient of mean (D - target)^2 with respect to x and every parameter. */
export const grad = async (fixture: Fixture): Promise<Measure[]> => {
  const { json, tensor, host } = fixture;
  if (json.kind !== 'gradients') throw new Error(`unknown kind '${String(json.kind)}'`);
  const source = await weightsOf(fixture, 'state_and_inputs_from');
  const denoiser = networkOf(source.json);
  const sigma = tf.reshape(source.tensor('in/sigma'), [-1]);
  const conditions = conditionsOf(source, denoiser);
  const { metrics, gradients } = valueAndGradients(
    ({ x, ...p }) => {
      const D = denoiser.denoise(p, x, sigma, conditions);
      const elements = tf.squaredDifference(D, tensor('in/target'));
      return { value: tf.mean(elements), metrics: { elements } };
    },
    { ...parametersOf(denoiser, source), x: source.tensor('in/x') },
  );
  const floors = json.noise_floor as Floors;
  const each = floors.worst_parameter.rel_l2;
  const { x, ...ofParameters } = gradients;
  const theirs = {
    norms: json.grad_norms as Record<string, number>,
    projections: json.grad_projections as Record<string, number> | undefined,
  };
  return [
    scalar('loss', mean(await metrics.elements.data()), Number(json.loss_float64 ?? json.loss), 1e-7),
    array('d x', await imagesOf(x), host('grad/x').data as Float32Array, floors.x.rel_l2),
    ...(await recordedGradients(ofParameters, fixture, 'grad/', {
      all: floors.all_parameters.rel_l2,
      each,
      singles: true,
    })),
    ...(await gradientNorms(ofParameters, theirs.norms, each, theirs.projections)),
  ];
};
