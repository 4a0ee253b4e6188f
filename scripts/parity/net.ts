import * as tf from '@tensorflow/tfjs-core';
import { type Denoiser, parameterCount } from '../../src/networks';
import { edmBlocks } from './edm-blocks';
import { edm2Blocks } from './edm2-blocks';
import type { Fixture } from './fixture';
import { array, exact, type Measure, scalar } from './measure';
import { conditionsOf, type Floors, imagesOf, networkOf, parametersOf } from './network';

/** The sampler's range and rounding of VP and iDDPM. */
const levels = ({ range, roundSigma }: Denoiser, { json }: Fixture): Measure[] => {
  const recorded = (json.vp ?? json.iddpm) as
    { sigma_min: number; sigma_max: number; rounded_sigma?: number[] } | undefined;
  if (!recorded || !range || !roundSigma) return [];
  const rounded = recorded.rounded_sigma?.map((level, i) =>
    scalar(`rounded sigma ${i}`, roundSigma((json.sigma as number[])[i]), level, 1e-7),
  );
  return [
    scalar('sigma_min', range.sigmaMin, recorded.sigma_min, 1e-7),
    scalar('sigma_max', range.sigmaMax, recorded.sigma_max, 1e-7),
    ...(rounded ?? []),
  ];
};

/** net/: D(x, sigma) with and without labels, EDM2's log variance, the number of parameters; or single blocks. */
export const net = async (fixture: Fixture): Promise<Measure[]> => {
  const { json, tensor, has, host } = fixture;
  const kind = String(json.kind);
  if (kind === 'EDM building blocks') return edmBlocks(fixture);
  if (kind === 'EDM2 building blocks') return edm2Blocks(fixture);
  if (kind !== 'network forward') throw new Error(`unknown kind '${kind}'`);
  const denoiser = networkOf(json);
  const parameters = parametersOf(denoiser, fixture);
  const floors = json.noise_floor as Floors;
  const [x, sigma] = [tensor('in/x'), tf.reshape(tensor('in/sigma'), [-1])];
  const measures = [
    exact('parameters', parameterCount(denoiser.parameters), Number(json.num_parameters)),
    ...levels(denoiser, fixture),
  ];
  const compare = async (quantity: string, ours: tf.Tensor, floor: number): Promise<void> => {
    measures.push(array(quantity, await imagesOf(ours), host(`out/${quantity}`).data as Float32Array, floor));
  };
  const conditions = conditionsOf(fixture, denoiser);
  await compare('D_x', denoiser.denoise(parameters, x, sigma, conditions), floors.D_x.rel_l2);
  if (has('out/D_x_no_labels'))
    await compare('D_x_no_labels', denoiser.denoise(parameters, x, sigma), floors.D_x.rel_l2);
  if (has('out/logvar')) await compare('logvar', denoiser.logvar!(parameters, sigma), floors.logvar.rel_l2);
  return measures;
};
