import type { ByteRange } from './byte-source';
import { CheckpointError } from './checkpoint-error';
import { byteWidth, type HostDtype, isHostDtype } from './host-tensor';
import type { PickleRule } from './pickle-machine';
import { badCall, isNode, itemsOf, opaque, type PickleValue, type StorageNode } from './pickle-values';
import { shapeOf, tensorView } from './tensor-view';

/** PyTorch's storage classes and the element type of each. */
const READ: Readonly<Record<string, HostDtype>> = {
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

/** Those whose tensors are listed but not read, with the bytes of an element. */
const UNREAD: Readonly<Record<string, { dtype: string; width: number }>> = {
  'torch.ComplexFloatStorage': { dtype: 'C64', width: 8 },
  'torch.ComplexDoubleStorage': { dtype: 'C128', width: 16 },
  'torch.QUInt8Storage': { dtype: 'QUINT8', width: 1 },
  'torch.QInt8Storage': { dtype: 'QINT8', width: 1 },
  'torch.QInt32Storage': { dtype: 'QINT32', width: 4 },
  'torch.storage.UntypedStorage': { dtype: 'bytes', width: 1 }, // the tensor says what they are
};

const STORAGES: Readonly<Record<string, { dtype: string; width: number }>> = {
  ...Object.fromEntries(Object.entries(READ).map(([name, dtype]) => [name, { dtype, width: byteWidth(dtype) }])),
  ...UNREAD,
};

/** Element types without a storage class of their own: their storages are untyped. */
const UNTYPED: Readonly<Record<string, HostDtype | 'F8_E4M3' | 'F8_E5M2' | 'F8_E8M0'>> = {
  'torch.uint16': 'U16',
  'torch.uint32': 'U32',
  'torch.uint64': 'U64',
  'torch.float8_e4m3fn': 'F8_E4M3',
  'torch.float8_e5m2': 'F8_E5M2',
  'torch.float8_e8m0fnu': 'F8_E8M0',
};

/** Further names that stand for settings. */
const SETTINGS = [
  'Tensor',
  'per_tensor_affine',
  'per_channel_affine',
  'strided',
  'sparse_coo',
  'complex64',
  'complex128',
];

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
    const { dtype } = storage;
    if (!isHostDtype(dtype)) return { kind: 'unread', dtype, shape: shapeOf(shape) };
    return { kind: 'tensor', view: tensorView(dtype, storage, offset, shape, steps) };
  },
};

/** Of a type without a storage class of its own: (storage, offset, size, strides, ..., element type, ...). */
const rebuildUntyped: PickleRule = {
  call: args => {
    const [storage, offset, size, strides, , , type] = args;
    const [shape, steps] = [itemsOf(size), itemsOf(strides)];
    const dtype = isNode(type, 'global') && Object.hasOwn(UNTYPED, type.name) ? UNTYPED[type.name] : undefined;
    if (!isNode(storage, 'storage') || !shape || !steps || !dtype)
      return badCall('torch._utils._rebuild_tensor_v3', 'a storage, an offset, a size, strides and an element type');
    if (!isHostDtype(dtype)) return { kind: 'unread', dtype, shape: shapeOf(shape) };
    const width = byteWidth(dtype);
    const typed = {
      count: Math.floor((storage.count * storage.width) / width),
      get data() {
        return storage.data; // which may come after the pickle
      },
    };
    return { kind: 'tensor', view: tensorView(dtype, typed, offset, shape, steps) };
  },
};

/** (tensor, ...): a parameter, with or without attributes of its own. */
const rebuildParameter: PickleRule = {
  call: ([tensor]) =>
    isNode(tensor, 'tensor') || isNode(tensor, 'unread')
      ? tensor
      : badCall('torch._utils._rebuild_parameter', 'a tensor'),
};

/** A tensor with attributes, or of a subclass: (what rebuilds it, its class, arguments, attributes). */
const rebuildFromType: PickleRule = {
  call: ([rebuild, , args], machine) =>
    isNode(rebuild, 'global') && /^torch\._utils\._rebuild_(tensor|parameter)/.test(rebuild.name)
      ? machine.call(rebuild, args ?? null)
      : badCall('torch._tensor._rebuild_from_type_v2', 'a function that rebuilds a tensor'),
};

/** (storage, offset, size, ...). */
const rebuildQuantised: PickleRule = {
  call: ([storage, , size]) =>
    isNode(storage, 'storage')
      ? { kind: 'unread', dtype: storage.dtype, shape: shapeOf(itemsOf(size)) }
      : badCall('torch._utils._rebuild_qtensor', 'a storage, an offset and a size'),
};

/** (layout, (..., values, size, ...)): indices and values, and the size of the whole. */
const rebuildSparse: PickleRule = {
  call: ([, content]) => {
    const items = itemsOf(content) ?? [];
    const last = items.slice(0, 6).reverse();
    const values = last.find(item => isNode(item, 'tensor'));
    const size = last.find(item => isNode(item, 'tuple'));
    if (!isNode(values, 'tensor') || !isNode(size, 'tuple'))
      return badCall('torch._utils._rebuild_sparse_tensor', 'indices, values and a size');
    return { kind: 'unread', dtype: `sparse ${values.view.dtype}`, shape: shapeOf(size.items) };
  },
};

const layout: PickleRule = {
  call: ([name]) => (typeof name === 'string' ? opaque(name) : badCall('torch.serialization._get_layout', 'a name')),
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
  'torch._utils._rebuild_tensor_v3': rebuildUntyped,
  'torch._utils._rebuild_parameter': rebuildParameter,
  'torch._utils._rebuild_parameter_with_state': rebuildParameter,
  'torch._utils._rebuild_qtensor': rebuildQuantised,
  'torch._utils._rebuild_sparse_tensor': rebuildSparse,
  'torch._tensor._rebuild_from_type_v2': rebuildFromType,
  'torch.serialization._get_layout': layout,
  'torch.nn.parameter.Parameter': {},
  'torch.Size': size,
  'torch.device': device,
  ...Object.fromEntries(
    [...Object.keys(STORAGES), ...Object.keys(UNTYPED), ...[...TYPES, ...SETTINGS].map(type => `torch.${type}`)].map(
      name => [name, {}],
    ),
  ),
  ...Object.fromEntries(CONTAINERS.map(container)),
};

/** What a persistent id stands for: ('storage', class, key, device, number of elements). */
export type StorageId = { dtype: string; width: number; key: string; count: number };

/** @throws CheckpointError 'pickle-persistent' for anything else. */
export const storageId = (id: PickleValue): StorageId => {
  const [kind, type, key, , count, view] = itemsOf(id) ?? [];
  const known = isNode(type, 'global') && Object.hasOwn(STORAGES, type.name) ? STORAGES[type.name] : undefined;
  if (kind !== 'storage' || !known || typeof key !== 'string' || !Number.isSafeInteger(count) || (count as number) < 0)
    throw new CheckpointError('pickle-persistent', 'pickle: a persistent id that names no storage');
  if (view !== undefined && view !== null)
    throw new CheckpointError('pickle-persistent', 'pickle: a storage that is part of another (PyTorch before 0.4)');
  return { ...known, key, count: count as number };
};

/**
 * Gives a storage its bytes.
 * @throws CheckpointError 'torch-storage' unless they are as many as its elements need.
 */
export const fillStorage = (storage: StorageNode, key: string, data: ByteRange): void => {
  const needed = storage.count * storage.width;
  if (needed !== data.length)
    throw new CheckpointError(
      'torch-storage',
      `storage '${key}': ${storage.count} elements of ${storage.dtype} need ${needed} bytes, the file has ${data.length}`,
    );
  storage.data = data;
};
