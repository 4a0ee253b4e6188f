export { writeFileAtomic } from './atomic';
export { CheckpointError, type CheckpointErrorCode } from './checkpoint-error';
export { commitFolder, newestFolder, prune } from './folders';
export { ARRAYS, type HostData, type HostDtype, type HostTensor } from './host-tensor';
export { fromReference, toReference } from './layout';
export { lockFolder } from './lock';
export {
  parseSafetensors,
  readSafetensors,
  serializeSafetensors,
  writeSafetensors,
  type Safetensors,
} from './safetensors';
export { loadTensors, saveTensors, toFloat32, type TensorsFile } from './tensors-file';
