/**
 * What a notebook needs besides the library: parameters, display, progress, interrupts, what the machine has.
 *
 * @module
 */
export {
  type Counting,
  doctor,
  type DoctorReport,
  type Extra,
  type FoundMaking,
  formatReport,
  html,
  interruptible,
  type JobRow,
  liveRun,
  type LiveRun,
  type LiveRunOptions,
  machine,
  markdown,
  type NotebookName,
  type Own,
  params,
  type Params,
  type ParamValue,
  type Preset,
  presetRows,
  type PresetValues,
  presetValues,
  progress,
  type Progress,
  type ProgressOptions,
  show,
  type Showable,
  type Watch,
  type Wide,
  withProgress,
} from '../notebook';
export { type BackendName, type BackendReport } from '../compute';
