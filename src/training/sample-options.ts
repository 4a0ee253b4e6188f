import { expectKeys, fail } from '../compute/check';
import type { Method } from '../methods';
import type { SampleOptions } from './run';

const USUAL = ['seeds', 'labels', 'batch', 'engine', 'precision', 'devices', 'signal', 'onStep', 'parameters', 'steps'];

/** Of EDM's sampler alone. */
const HEUN = ['sigmaMin', 'sigmaMax', 'rho', 'churn', 'churnMin', 'churnMax', 'churnNoise', 'guidance', 'guide'];

/** Refuses what the sampler of a method does not look at. */
export const expectSampleOptions = ({ sampler, config }: Method, request: SampleOptions): void => {
  expectKeys('sample', request, [...USUAL, ...HEUN, 'times']);
  const others = sampler === 'heun' ? ['times'] : HEUN;
  for (const [name, value] of Object.entries(request))
    if (value !== undefined && others.includes(name))
      fail('sample', name, `absent: what '${config.kind}' trains is not sampled by it`, value);
};
