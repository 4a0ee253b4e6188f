export { html, markdown, show, type Showable } from './display';
export { doctor, type DoctorReport, formatReport } from './doctor';
export { interruptible } from './interrupt';
export { liveRun, type LiveRun, type LiveRunOptions } from './live-chart';
export { params, type Params, type ParamValue, type Preset, type Same } from './params';
export { clock, type Counted, type Pace, paceMeter } from './pace';
export { type Extra, progress, type Progress, type ProgressOptions } from './progress';
