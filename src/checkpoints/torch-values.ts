import type { ByteRange } from './byte-source';
import { CheckpointError } from './checkpoint-error';
import { byteWidth, type HostDtype } from './host-tensor';
import type { PickleRule } from './pickle-machine';
import { badCall, isNode, itemsOf, type PickleValue, type StorageNode } from './pickle-values';
import { tensorView } from './tensor-view';

/** PyTorch's storage classes and the element type of each. */
const STORAGES: Readonly<Record<string, HostDtype>> = {
  'torch.DoubleStorage': 'F64',
  'torch.FloatStorage': 'F32',
  'torch.HalfStorage': 'F16',
  'torch.BFloat16Storage': 'BF16',
  'torch.LongStorage': 'I64',
  'torch.IntStorage': 'I32',
  'torch.ShortStorage': 'I16',
  'torch.CharStorage': 'I8',
  'torch.ByteStorage': 'U8',
  'torch.BoolStorage': 'BOOL',
};

const TYPES = ['float64', 'float32', 'float16', 'bfloat16', 'int64', 'int32', 'int16', 'int8', 'uint8', 'bool'];

/** Classes of modules that hold others; of the rest, EDM's files write their own kind of object. */
const CONTAINERS = ['ModuleDict', 'ModuleList', 'Sequential', 'ParameterList', 'ParameterDict'];

/** (storage, offset, size, strides, ...): what follows concerns gradients. */
const rebuildTensor: PickleRule = {
  call: args => {
    const [storage, offset, size, strides] = args;
    const [shape, steps] = [itemsOf(size), itemsOf(strides)];
    if (!isNode(storage, 'storage') || !shape || !steps)
      return badCall('torch._utils._rebuild_tensor', 'a storage, an offset, a size and strides');
    return { kind: 'tensor', view: tensorView(storage.dtype, storage, offset, shape, steps) };
  },
};

const rebuildParameter: PickleRule = {
  call: ([tensor]) => (isNode(tensor, 'tensor') ? tensor : badCall('torch._utils._rebuild_parameter', 'a tensor')),
};

const size: PickleRule = {
  call: ([items]) => ({ kind: 'tuple', items: itemsOf(items) ?? badCall('torch.Size', 'a list') }),
};

const device: PickleRule = {
  call: ([name]) => (typeof name === 'string' ? name : badCall('torch.device', 'a name')),
};

const container = (className: string): [string, PickleRule] => {
  const name = `torch.nn.modules.container.${className}`;
  return [name, { create: () => ({ kind: 'object', className, state: null }) }];
};

/** What PyTorch writes for tensors, in every container. */
export const TORCH_RULES: Readonly<Record<string, PickleRule>> = {
  'torch._utils._rebuild_tensor': rebuildTensor,
  'torch._utils._rebuild_tensor_v2': rebuildTensor,
  'torch._utils._rebuild_parameter': rebuildParameter,
  'torch.Size': size,
  'torch.device': device,
  ...Object.fromEntries([...Object.keys(STORAGES), ...TYPES.map(type => `torch.${type}`)].map(name => [name, {}])),
  ...Object.fromEntries(CONTAINERS.map(container)),
};

/** What a persistent id stands for: ('storage', class, key, device, number of elements). */
export type StorageId = { dtype: HostDtype; key: string; count: number };

/** @throws CheckpointError 'pickle-persistent' for anything else. */
export const storageId = (id: PickleValue): StorageId => {
  const [kind, type, key, , count, view] = itemsOf(id) ?? [];
  const known = isNode(type, 'global') && Object.hasOwn(STORAGES, type.name) ? STORAGES[type.name] : undefined;
  if (kind !== 'storage' || !known || typeof key !== 'string' || !Number.isSafeInteger(count) || (count as number) < 0)
    throw new CheckpointError('pickle-persistent', 'pickle: a persistent id that names no storage');
  if (view !== undefined && view !== null)
    throw new CheckpointError('pickle-persistent', 'pickle: a storage that is part of another (PyTorch before 0.4)');
  return { dtype: known, key, count: count as number };
};

/**
 * Gives a storage its bytes.
 * @throws CheckpointError 'torch-storage' unless they are as many as its elements need.
 */
export const fillStorage = (storage: StorageNode, key: string, data: ByteRange): void => {
  const needed = storage.count * byteWidth(storage.dtype);
  if (needed !== data.length)
    throw new CheckpointError(
      'torch-storage',
      `storage '${key}': ${storage.count} elements of ${storage.dtype} need ${needed} bytes, the file has ${data.length}`,
    );
  storage.data = data;
};
