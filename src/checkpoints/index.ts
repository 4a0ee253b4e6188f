export { hiddenName, writeFileAtomic } from './atomic';
export type { CheckpointPart } from './checkpoint-content';
export { CheckpointError, type CheckpointErrorCode } from './checkpoint-error';
export type { CheckpointFormat } from './checkpoint-format';
export type { UnreadTensor } from './checkpoint-content';
export { expectFinite } from './finite';
export { expectChecksums, writeChecksums } from './folder-checksums';
export { commitFolder, newestFolder, prune } from './folders';
export { ARRAYS, type HostData, type HostDtype, type HostTensor } from './host-tensor';
export { canonicalJson, parseNumbers, readKept, stringifyNumbers, writeKept } from './kept-json';
export { fitsChecksum, readKeptTensors, writeKeptTensors } from './kept-tensors';
export { fromReference, toReference } from './layout';
export { folderHolder, type FolderLock, lockFile, lockFolder } from './lock';
export { type Fact, modelCard, type ModelCard, writeModelCard } from './model-card';
export type { PickleLimits } from './pickle-machine';
export {
  type Checkpoint,
  type CheckpointDescription,
  describeCheckpoint,
  readCheckpoint,
  type ReadOptions,
} from './read-checkpoint';
export { refusedBy } from './refused-by';
export {
  parseSafetensors,
  readSafetensors,
  type Safetensors,
  serializeSafetensors,
  writeSafetensors,
} from './safetensors';
export { setAside } from './set-aside';
export { loadTensors, saveTensors, type SaveTensorsOptions, type TensorsFile, toTensors } from './tensors-file';
export { FLOAT_TYPES, INTEGER_TYPES, type Widening } from './widen';
export { expectWritableFile, expectWritableFolder, makeFolder } from './writable';
