export { writeFileAtomic } from './atomic';
export { CheckpointError, type CheckpointErrorCode } from './checkpoint-error';
export type { CheckpointPart } from './checkpoint-content';
export type { CheckpointFormat } from './checkpoint-format';
export { commitFolder, newestFolder, prune } from './folders';
export { ARRAYS, type HostData, type HostDtype, type HostTensor } from './host-tensor';
export { fromReference, toReference } from './layout';
export { lockFolder } from './lock';
export { type ModelCard, modelCard, writeModelCard } from './model-card';
export { type PickleLimits } from './pickle-machine';
export {
  type Checkpoint,
  type CheckpointDescription,
  describeCheckpoint,
  readCheckpoint,
  type ReadOptions,
} from './read-checkpoint';
export {
  parseSafetensors,
  readSafetensors,
  serializeSafetensors,
  writeSafetensors,
  type Safetensors,
} from './safetensors';
export { loadTensors, saveTensors, toFloat32, toTensors, type TensorsFile } from './tensors-file';
export { FLOAT_TYPES, INTEGER_TYPES, type Widening, widen } from './widen';
