export { type DistillEstimate, estimateDistillation, type MeasuredStep, stateBytes } from './distill-estimate';
export { checkRunFolder } from './distill-folder';
export type { MeasureOptions, RunMeasurement } from './distill-metrics';
export { DISTILL_PRESET_NAMES, distillPreset, type DistillPreset, type DistillPresetName } from './distill-presets';
export {
  checkDistillation,
  distillIdentity,
  type DistillProgress,
  distillRun,
  type DistillRunInput,
  type DistillRunResult,
  type DistillSetup,
  generatorOf,
  type Snapshot,
} from './distill-run';
export { type ListedRun, listRuns, type UnreadableRun } from './list-runs';
export type { SheetOptions } from './distill-sheets';
export { runDifferences } from './run-differences';
export { tensorboardEvents } from './tensorboard';
export { mostChanged, pickImages } from './images';
