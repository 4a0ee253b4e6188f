import { sampleAncestral } from './ancestral';
import { sampleMultistep } from './multistep';

/** Samplers of generators in few steps, by the name that methods have for them; all take decreasing times. */
export const FEW_STEP_SAMPLERS = { multistep: sampleMultistep, ancestral: sampleAncestral } as const;
