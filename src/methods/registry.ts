import { unknownName } from '../compute/check';
import type { Denoiser } from '../networks';
import { cosim } from './cosim';
import { denoising, type DenoisingOptions } from './denoising';
import { hsivi } from './hsivi';
import type { Method, Role } from './method';
import { momentMatching } from './moment-matching';
import { sid } from './sid';

/** Ways to distill by the `kind` of their configuration. CONTRIBUTING.md lists what a new one takes. */
const DISTILLATIONS = {
  cosim,
  sid,
  hsivi,
  'moment-matching': momentMatching,
} as const;

type Distillations = typeof DISTILLATIONS;

/** A way to distill with its options; what is left out keeps the method's default. */
export type DistillMethod = {
  [K in keyof Distillations]: { kind: K } & NonNullable<Parameters<Distillations[K]>[2]>;
}[keyof Distillations];

/** What `kind` may be: `cosim distill --method` takes these. */
export const DISTILL_METHODS = Object.keys(DISTILLATIONS) as DistillMethod['kind'][];

/** Any method that a run can have: a distillation, or a teacher's pretraining. */
export type MethodConfig = DistillMethod | ({ kind: 'denoising' } & Partial<DenoisingOptions>);

type Build = (teacher: Denoiser, generator: Denoiser, options: object) => Method;

/**
 * The method that a configuration describes, `{ kind: 'cosim', coef: 1, ... }`, also as checkpoints store it.
 * @throws ArgumentError for an unknown kind or option, and for options out of range.
 */
export const methodFromConfig = (
  config: MethodConfig | Method['config'],
  denoisers: Partial<Record<Role, Denoiser>>,
): Method => {
  const { kind, ...options }: { kind: string } = config; // what is stored is checked by the method itself
  const { theta, phi } = denoisers as Record<Role, Denoiser>;
  if (kind === 'denoising') return denoising(phi, options);
  if (!Object.hasOwn(DISTILLATIONS, kind))
    throw unknownName('methodFromConfig', 'method', kind, [...DISTILL_METHODS, 'denoising']);
  const build: Build = DISTILLATIONS[kind as keyof Distillations];
  return build(theta, phi, options);
};
