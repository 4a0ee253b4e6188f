export { COSIM_DEFAULTS, cosim, type CosimOptions } from './cosim';
export { denoising, DENOISING_DEFAULTS, type DenoisingOptions, LEVEL_DRAWS, type LevelDraw } from './denoising';
export { hsivi, HSIVI_DEFAULTS, type HsiviOptions } from './hsivi';
export {
  type ChanceSpec,
  classInputs,
  type ComputedSpec,
  dataInputs,
  type DataSpec,
  dropoutInputs,
  type Inputs,
  type InputSpec,
  levelInput,
  normalInput,
  oneHot,
  uniformInput,
} from './inputs';
export { alternating, type Distillation, type Networks } from './alternating';
export type { Method, Role, SamplerName, Update } from './method';
export { MOMENT_MATCHING_DEFAULTS, momentMatching, type MomentMatchingOptions } from './moment-matching';
export { METHOD_PRESET_NAMES, METHOD_PRESETS, type MethodPreset, type MethodPresetName } from './presets';
export { DISTILL_METHODS, type DistillMethod, type MethodConfig, methodFromConfig } from './registry';
export { sid, SID_DEFAULTS, type SidOptions } from './sid';
