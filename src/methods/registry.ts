import { unknownName } from '../compute/check';
import { cosim, denoising, hsivi, momentMatching, sid } from '../losses';
import type { Denoiser } from '../networks';
import type { Method, Role } from './method';

type Build = (denoisers: Record<Role, Denoiser>, options: Record<string, unknown>) => Method;

/** Methods by the `kind` of their configuration: a new method is one file in losses/ and one line here. */
const METHODS: Record<string, Build> = {
  cosim: ({ theta, phi }, options) => cosim(theta, phi, options),
  sid: ({ theta, phi }, options) => sid(theta, phi, options),
  hsivi: ({ theta, phi }, options) => hsivi(theta, phi, options),
  'moment-matching': ({ theta, phi }, options) => momentMatching(theta, phi, options),
  denoising: ({ phi }, options) => denoising(phi, options),
};

/**
 * The method that a configuration describes, as stored in checkpoints: `{ kind: 'cosim', coef: 1, ... }`.
 * @throws ArgumentError for an unknown kind or option.
 */
export const methodFromConfig = (
  { kind, ...options }: Method['config'],
  denoisers: Partial<Record<Role, Denoiser>>,
): Method => {
  const build = METHODS[kind] as Build | undefined;
  if (!build) throw unknownName('methodFromConfig', 'method', kind, Object.keys(METHODS));
  return build(denoisers as Record<Role, Denoiser>, options);
};
