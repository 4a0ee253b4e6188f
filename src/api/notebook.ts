/**
 * What a notebook needs besides the library: parameters, display, progress, interrupts, what the machine has.
 *
 * @module
 */
export {
  doctor,
  type DoctorReport,
  type Extra,
  formatReport,
  html,
  interruptible,
  liveRun,
  type LiveRun,
  type LiveRunOptions,
  markdown,
  params,
  type Params,
  type ParamValue,
  type Preset,
  progress,
  type Progress,
  type ProgressOptions,
  type Same,
  show,
  type Showable,
} from '../notebook';
export { type BackendName, type BackendReport } from '../compute';
