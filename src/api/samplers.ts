/**
 * From noise to samples: Algorithm 1, EDM's sampler, their noise levels, and their export as ONNX.
 *
 * @module
 */
export {
  decreasingTimes,
  EDM_RANGE,
  jumpTimes,
  karrasTimes,
  levelOf,
  type NoiseRange,
  SAMPLING_TIMES,
  type SamplingTimes,
  sigmaAt,
} from '../diffusion';
export {
  checkExport,
  edmStart,
  exportOnnx,
  type ExportOptions,
  type ExportReport,
  type HeunOptions,
  sampleAncestral,
  sampleHeun,
  sampleMultistep,
  type SamplerInput,
  searchTimes,
  TIME_SCALES,
  type TimeSearchEntry,
  type TimeSearchInput,
  type TimeSearchResult,
} from '../samplers';
export { type Address, normal, uniform } from '../compute';
export { normalRows, uniformRows } from '../compute/noise';
export { type EngineName } from '../compute/engine-choice';
export type { Samples } from '../compute/host-arrays';
