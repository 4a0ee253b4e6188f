import * as tf from '@tensorflow/tfjs-core';
import { expectOneOf, fail } from '../compute/check';
import { cloneTensors } from '../compute/tensors';
import type { Denoiser } from './denoiser';
import { initialParameters, type Tensors } from './parameters';
import { denoiserFromConfig } from './registry';

/**
 * The auxiliary F_psi(x_s, s, t): the network of `denoiser` with a second time embedding (Appendix C).
 * @throws ArgumentError for a denoiser without a time embedding, such as an exact mixture.
 */
export const auxiliaryOf = (denoiser: Denoiser): Denoiser => {
  if (denoiser.config.secondTime !== false)
    fail('auxiliaryOf', 'denoiser', 'a network with one time embedding', denoiser.config.kind);
  return denoiserFromConfig({ ...denoiser.config, secondTime: true });
};

/** [C] How the branch for t starts: silent, so that psi starts as exactly theta, or as a copy of the branch for s. */
export const SECOND_TIME_STARTS = ['silent', 'copy'] as const;
/** How the embedding of t starts in an auxiliary. */
export type SecondTimeStart = (typeof SECOND_TIME_STARTS)[number];

/**
 * psi <- theta: parameters of the auxiliary from a network's. The branch for t takes the other layers' weights; its
 * last layer is zero (`silent`, E_t = silu(0) = 0) or a copy. The caller owns the tensors.
 * @throws ArgumentError for another start, and a denoiser without a time embedding
 */
export const auxiliaryParameters = (denoiser: Denoiser, theta: Tensors, start: SecondTimeStart = 'silent'): Tensors => {
  expectOneOf('auxiliaryParameters', 'start', start, SECOND_TIME_STARTS);
  return tf.tidy(() => {
    const psi = cloneTensors(theta);
    const used = denoiser.normalisedWeights?.(theta) ?? theta; // EDM2 normalises its weights before use, but not the branch's for t
    for (const { name } of auxiliaryOf(denoiser).parameters) {
      if (name in psi) continue;
      const source = used[name.replace(/_t\.(weight|bias)$/, '.$1')];
      psi[name] = start === 'silent' && /map_layer1|emb_noise/.test(name) ? tf.zerosLike(source) : tf.clone(source);
    }
    return psi;
  });
};

/** phi or theta for a network, from its specifications and a seed: for training from scratch. */
export const freshParameters = (denoiser: Denoiser, seed: number): Tensors =>
  initialParameters(denoiser.parameters, seed);
