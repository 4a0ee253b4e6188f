import { shapeSize } from '../../src/compute/host-arrays';
import * as tf from '@tensorflow/tfjs-core';
import { karrasTimes } from '../../src/diffusion';
import type { Denoiser } from '../../src/networks';
import { sampleHeun } from '../../src/samplers';
import type { Fixture, Json } from './fixture';
import { array, type Measure, TYPICAL } from './measure';
import { type Floors, imagesOf, networkOf, parametersOf, weightsOf } from './network';

type Schedule = { num_steps: number; sigma_min: number; sigma_max: number; rho: number; t_steps: number[] };

const grids = (json: Json): Measure[] =>
  (json.schedules as Schedule[]).map(({ num_steps: steps, sigma_min: sigmaMin, sigma_max: sigmaMax, rho, t_steps }) =>
    array(
      `${steps} steps, ${sigmaMin} to ${sigmaMax}, rho ${rho}`,
      karrasTimes(steps, { sigmaMin, sigmaMax, rho }),
      t_steps,
      TYPICAL.float64,
    ),
  );

/** A denoiser that is always told the recorded label rows, which need not be one-hot. */
const withLabels = (denoiser: Denoiser, labels: tf.Tensor | undefined): Denoiser => ({
  ...denoiser,
  classes: 0,
  denoise: (p, x, sigma) => denoiser.denoise(p, x, sigma, denoiser.classes > 0 ? { labels } : {}),
});

/** Image k of a recorded stack [steps, B, C, H, W]. */
const imageStack = (
  fixture: Fixture,
  name: string,
): { count: number; at: (k: number) => Float32Array; shape: number[] } => {
  const { data, shape } = fixture.host(name);
  const size = shapeSize(shape.slice(1));
  return { count: shape[0], at: k => (data as Float32Array).subarray(k * size, (k + 1) * size), shape: shape.slice(1) };
};

/** sampler/: EDM's and EDM2's samplers from recorded noise, the state after every step where it is recorded. */
export const sampler = async (fixture: Fixture): Promise<Measure[]> => {
  const { json, has, host, tensor } = fixture;
  if (json.kind === 'EDM time steps') return grids(json);
  if (json.kind !== 'sampler') throw new Error(`unknown kind '${String(json.kind)}'`);
  const source = await weightsOf(fixture);
  const network = networkOf(json);
  const parameters = parametersOf(network, source);
  const labels = has('in/class_labels') ? tensor('in/class_labels') : undefined;
  const guideKwargs = json.guiding_network_kwargs as Json | null | undefined;
  const guideNetwork = guideKwargs ? networkOf({}, guideKwargs) : undefined;
  const guide = guideNetwork && {
    denoiser: withLabels(guideNetwork, labels),
    parameters: parametersOf(guideNetwork, fixture, 'gstate/'),
  };
  const kwargs = json.sampler_kwargs as Record<string, number | undefined>;
  const edm2 = has('in/noise');
  const start = tensor(edm2 ? 'in/noise' : 'in/latents');
  const drawn = has('rand/noise') ? imageStack(fixture, 'rand/noise') : undefined;
  let draws = 0;
  const noise = (_: readonly number[], step: number): tf.Tensor => {
    if (step === 0) return start;
    if (!drawn) throw new Error('noise was asked for where the reference drew none');
    // The older sampler draws in every step, EDM2's only where churn adds noise.
    return tf.transpose(tf.tensor(drawn.at(edm2 ? draws++ : step - 1).slice(), drawn.shape), [0, 2, 3, 1]);
  };
  const states: Float32Array[] = [];
  const { data } = await sampleHeun({
    denoiser: withLabels(network, labels),
    parameters,
    seeds: Array.from({ length: start.shape[0] }, (__, k) => k),
    guide,
    guidance: kwargs.guidance ?? 1,
    steps: kwargs.num_steps ?? (edm2 ? 32 : 18),
    sigmaMin: kwargs.sigma_min ?? 0.002,
    sigmaMax: kwargs.sigma_max ?? 80,
    rho: kwargs.rho ?? 7,
    churn: kwargs.S_churn ?? 0,
    churnMin: kwargs.S_min ?? 0,
    churnMax: kwargs.S_max ?? Infinity,
    churnNoise: kwargs.S_noise ?? 1,
    noise,
    onStep: async ({ x }) => void states.push(await imagesOf(x)),
  });
  const floor =
    (json.float32_state_difference as { rel_l2: number } | undefined)?.rel_l2 ??
    (json.noise_floor as Floors).x_final.rel_l2;
  const final = states[states.length - 1];
  const measures: Measure[] = [];
  if (data.length !== final.length) throw new Error('the samples are not the last state');
  if (has('out/x_final')) measures.push(array('x final', final, host('out/x_final').data as Float32Array, floor));
  if (has('out/x_next')) {
    const recorded = imageStack(fixture, 'out/x_next');
    states.forEach((state, i) => measures.push(array(`x after step ${i + 1}`, state, recorded.at(i), floor)));
  }
  if (has('mid/x_hat') && !drawn) {
    const recorded = imageStack(fixture, 'mid/x_hat');
    states
      .slice(0, -1)
      .forEach((state, i) => measures.push(array(`x after step ${i + 1}`, state, recorded.at(i + 1), floor)));
  }
  return measures;
};
