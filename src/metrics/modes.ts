import type { Points } from '../compute/host-arrays';
import { expectNumber, fail, withDefaults } from '../compute/check';
import { factorise, type Mixture } from '../diffusion';
import { expectFinite, expectPoints } from './measurement';

/** Options of `modes`. */
export type ModesOptions = {
  /** Deviations (Mahalanobis) around a mode that count as on it. */
  within?: number;
  /** A mode is covered by this part of the samples its weight promises. */
  share?: number;
};

/** How samples sit on the modes of a mixture. */
export type ModesReport = {
  n: number;
  /** Share of samples within `within` deviations of some mode. */
  onMode: number;
  modes: number;
  /** Modes with at least `share` of their due samples. */
  covered: number;
  /** [modes] share of the on-mode samples on each mode. */
  occupation: number[];
  /** KL(occupation || weights), nats; 0 where nothing is on a mode. */
  divergence: number;
};

/**
 * Mode coverage and on-mode share of samples under a mixture with known modes. A sample belongs to the mode most likely
 * to have made it. Of exact samples in 2-D, 1 - exp(-within^2 / 2) or more are on a mode: 0.9997 at 4 deviations.
 * Where modes overlap, the occupation of exact samples differs a little from the weights.
 * @throws ArgumentError for unknown options, samples of another dimension or numbers that are not finite
 */
export const modes = (samples: Points, mixture: Mixture, options: ModesOptions = {}): ModesReport => {
  const { within, share } = withDefaults('modes', options, { within: 4, share: 0.25 });
  expectNumber('modes', 'within', within, { above: 0 });
  expectNumber('modes', 'share', share, { above: 0 });
  expectPoints('modes', 'samples', samples);
  const { data, n, d } = samples;
  const { logWeights, means, axes, variances, d: dimension } = factorise(mixture);
  if (d !== dimension) fail('modes', 'samples.d', `that of the mixture, ${dimension}`, d);
  expectFinite('modes', 'samples', samples);

  const K = logWeights.length;
  const logScales = Array.from(logWeights, (logWeight, k) =>
    variances.subarray(k * d, (k + 1) * d).reduce((sum, variance) => sum - 0.5 * Math.log(variance), logWeight),
  );
  /** Squared Mahalanobis distance of sample i from mode k. */
  const squaredDistance = (i: number, k: number): number => {
    let sum = 0;
    for (let j = 0; j < d; j++) {
      let along = 0;
      for (let m = 0; m < d; m++) along += axes[(k * d + m) * d + j] * (data[i * d + m] - means[k * d + m]);
      sum += along ** 2 / variances[k * d + j];
    }
    return sum;
  };

  const counts = new Array<number>(K).fill(0);
  for (let i = 0; i < n; i++) {
    let [own, best, near] = [0, -Infinity, false];
    for (let k = 0; k < K; k++) {
      const distance = squaredDistance(i, k);
      near ||= distance <= within ** 2;
      const logLikelihood = logScales[k] - 0.5 * distance;
      if (logLikelihood > best) [own, best] = [k, logLikelihood];
    }
    if (near) counts[own]++;
  }

  const total = counts.reduce((a, b) => a + b);
  const weights = Array.from(logWeights, Math.exp);
  const occupation = counts.map(count => count / Math.max(1, total));
  return {
    n,
    onMode: total / n,
    modes: K,
    covered: counts.filter((count, k) => count >= share * weights[k] * n).length,
    occupation,
    divergence: occupation.reduce((sum, o, k) => sum + (o > 0 ? o * Math.log(o / weights[k]) : 0), 0),
  };
};
