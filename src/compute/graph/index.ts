export { compile, type Compiled, compileModel, modelOf, traceTwice } from './compile';
export { type Target } from './lowering';
export { LOWERINGS, type LoweringName, probeBlock, targetFor } from './probe';
export { eagerReason, type EngineName, ENGINES } from './engine-choice';
export { runtimeProblem } from './runtime';
export type { Arrays } from './session';
export { assign, type SharedArray, sharedArray } from './shared-array';
export type { Shape } from './shapes';
export { type TensorFunction, TraceError } from './trace';
export {
  acquireProgram,
  dismissWorkers,
  type Program,
  releaseProgram,
  runOn,
  type SharedArrays,
  waitFor,
  WorkerError,
} from './worker-pool';
