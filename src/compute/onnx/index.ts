export { compile, type Compiled, compileModel, modelOf } from './compile';
export { exportModel } from './export-model';
export type { Target } from './lowering';
export { encodeOnnx, onnxMetadata } from './onnx-file';
export { type Numbers, productTransposed } from './products';
export { probeBlock, targetFor } from './probe';
export { readNetwork } from './read-network';
export { runtimeProblem } from './runtime';
export type { Arrays } from './session';
export { assign, sharedArray, type SharedArray } from './shared-array';
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
