export {
  arrayOf,
  type ConvGeometry,
  type Data,
  type DType,
  geometryOf,
  reachable,
  sizeOfValue,
  splatOf,
  type Value,
} from './graph';
export { BINARY, type ScalarFunction, UNARY } from './scalar-functions';
export { sameShape } from './shapes';
export { type TensorFunction, trace, type Trace, TraceError } from './trace';
export { traceTwice } from './trace-twice';
