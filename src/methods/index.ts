export { alternating, type Distillation, type LossInputs } from './alternating';
export {
  type BatchSlice,
  drawData,
  drawDropout,
  drawLabels,
  drawNormal,
  drawUniform,
  type HostArray,
  type HostBatch,
  type Method,
  type Role,
  type SamplerName,
  type Update,
} from './method';
export { METHOD_PRESET_NAMES, METHOD_PRESETS, type MethodPreset, type MethodPresetName } from './presets';
export { methodFromConfig } from './registry';
