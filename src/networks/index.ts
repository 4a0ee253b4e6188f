export * from './auxiliary';
export * from './ddpmpp';
export * from './denoiser';
export * from './mlp';
export * from './model';
export * from './network';
export * from './parameters';
export * from './registry';
export type { Conditioning } from './time-embedding';
