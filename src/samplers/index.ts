export { sampleAncestral } from './ancestral';
export { compilingPays, type SamplerInput } from './batches';
export { checkExport } from './check-export';
export { exportOnnx, type ExportOptions, type ExportReport } from './export';
export { FEW_STEP_SAMPLERS } from './few-steps';
export { type HeunOptions, sampleHeun } from './heun';
export { sampleMultistep } from './multistep';
export {
  edmStart,
  searchTimes,
  TIME_SCALES,
  type TimeSearchEntry,
  type TimeSearchInput,
  type TimeSearchResult,
} from './time-search';
