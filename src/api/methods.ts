/**
 * How each method trains: which losses, which inputs, which sampler; and what a run is made of.
 *
 * @module
 */
export {
  diffuse,
  EDM_RANGE,
  JUMP_SETS,
  type JumpSet,
  logNormalLevel,
  type NoiseRange,
  perSample,
  type TimePairOptions,
  timePairs,
} from '../diffusion';
export type { LossInputs } from '../losses';
export {
  alternating,
  type ChanceSpec,
  classInputs,
  type ComputedSpec,
  cosim,
  COSIM_DEFAULTS,
  type CosimOptions,
  dataInputs,
  type DataSpec,
  denoising,
  DENOISING_DEFAULTS,
  type DenoisingOptions,
  type Distillation,
  type DistillMethod,
  dropoutInputs,
  hsivi,
  HSIVI_DEFAULTS,
  type HsiviOptions,
  type Inputs,
  type InputSpec,
  LEVEL_DRAWS,
  type LevelDraw,
  levelInput,
  type Method,
  METHOD_PRESET_NAMES,
  METHOD_PRESETS,
  type MethodConfig,
  methodFromConfig,
  type MethodPreset,
  type MethodPresetName,
  MOMENT_MATCHING_DEFAULTS,
  momentMatching,
  type MomentMatchingOptions,
  type Networks,
  normalInput,
  type Role,
  type SamplerName,
  sid,
  SID_DEFAULTS,
  type SidOptions,
  uniformInput,
  type Update,
} from '../methods';
export {
  type AdamOptions,
  type DistillInput,
  type EngineReport,
  type IterationReport,
  PAPER_PRESET_NAMES,
  paperPreset,
  type PaperPreset,
  type PaperPresetName,
  type Position,
  RUN_DEFAULTS,
  describeRun,
  type RunDescription,
  type RunOptions,
  type RunParts,
  type SampleOptions,
  TrainingError,
  type TrainOptions,
} from '../training';
export { type ValueAndMetrics } from '../compute';
export { type EngineName } from '../compute/engine-choice';
export type { PrecisionName } from '../compute/xla/emitter';
export type { Precision } from '../compute/xla/emitter';
