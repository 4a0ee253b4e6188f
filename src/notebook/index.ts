export { params, type Params, type ParamValue, type Preset } from './params';
export { html, markdown, show, type Showable } from './display';
export { progress, type Extra, type Progress, type ProgressOptions } from './progress';
export { liveRun, type LiveRun, type LiveRunOptions } from './live-chart';
export { interruptible } from './interrupt';
export { doctor, formatReport, type DoctorReport } from './doctor';
