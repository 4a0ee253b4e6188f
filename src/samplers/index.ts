export { sampleAncestral } from './ancestral';
export { compilingPays } from './batches';
export type { Samples, SamplerInput } from './batches';
export { checkExport } from './check-export';
export { exportGenerator, exportSampler, type ExportOptions, type ExportReport } from './export';
export * from './heun';
export { sampleMultistep } from './multistep';
export * from './time-search';
