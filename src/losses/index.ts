export * from './cosim';
export * from './denoising';
export type { BatchSlice, HostArray, HostBatch, Method, Role, Update } from './method';
export { logNormalLevel, veLevel, vpLevel } from './noise-levels';
