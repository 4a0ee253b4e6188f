export type { Samples, SamplerInput } from './batches';
export * from './heun';
export * from './multistep';
