import { expectNumber } from '../compute/check';

/*
 * How noise levels are drawn for denoising losses (Karras et al. 2022, Table 1, "Training"): a draw, standard normal or
 * uniform in [0, 1), to a noise level on the host, float64. The weights are edmWeight for the first, 1 / sigma^2 else.
 */

/** EDM: ln sigma ~ N(pMean, pStd^2). `z` is standard normal. */
export const logNormalLevel = (z: number, { pMean = -1.2, pStd = 1.2 } = {}): number => Math.exp(pMean + pStd * z);

/** VP: sigma(t) at t = 1 + u (epsilonT - 1), uniform between epsilonT and 1. */
export const vpLevel = (u: number, { betaD = 19.9, betaMin = 0.1, epsilonT = 1e-5 } = {}): number => {
  expectNumber('vpLevel', 'u', u, { min: 0, max: 1 });
  const t = 1 + u * (epsilonT - 1);
  return Math.sqrt(Math.expm1(0.5 * betaD * t * t + betaMin * t));
};

/** VE: ln sigma uniform between those of sigmaMin and sigmaMax. */
export const veLevel = (u: number, { sigmaMin = 0.02, sigmaMax = 100 } = {}): number => {
  expectNumber('veLevel', 'u', u, { min: 0, max: 1 });
  return sigmaMin * (sigmaMax / sigmaMin) ** u;
};
