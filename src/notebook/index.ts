export { html, markdown, show, type Showable } from './display';
export { doctor, type DoctorReport, formatReport } from './doctor';
export { interruptible } from './interrupt';
export type { JobRow } from './job-table';
export { liveRun, type LiveRun, type LiveRunOptions } from './live-chart';
export { machine } from './machine';
export { type Own, params, type Params, type Wide } from './params';
export {
  type NotebookName,
  type ParamValue,
  type Preset,
  presetRows,
  type PresetValues,
  presetValues,
} from './presets';
export { clock, type Counted, type Pace, paceMeter } from './pace';
export { type Extra, type Counting, progress, type Progress, type ProgressOptions } from './progress';
export { type FoundMaking, type Watch, withProgress } from './with-progress';
