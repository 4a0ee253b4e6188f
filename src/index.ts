/* The face of the library: re-exports only. */
export * from './checkpoints';
export * from './compute';
export * from './datasets';
export * from './diffusion';
export * from './experiments';
export * from './figures';
export * from './losses';
export * from './metrics';
export * from './networks';
export * from './notebook';
export * from './samplers';
export * from './training';
