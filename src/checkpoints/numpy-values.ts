import { type ByteRange, memorySource } from './byte-source';
import { ARRAYS, byteWidth, type HostDtype } from './host-tensor';
import type { PickleRule } from './pickle-machine';
import { badCall, isNode, itemsOf, type PickleValue } from './pickle-values';
import { rowMajor, tensorView, type TensorView } from './tensor-view';

/** NumPy's element types that a tensor can have; the rest, Python objects above all, are refused. */
const DTYPES: Readonly<Record<string, HostDtype>> = {
  f2: 'F16',
  f4: 'F32',
  f8: 'F64',
  i1: 'I8',
  i2: 'I16',
  i4: 'I32',
  i8: 'I64',
  u1: 'U8',
  u2: 'U16',
  u4: 'U32',
  u8: 'U64',
  b1: 'BOOL',
};

const dtype: PickleRule = {
  call: ([code]) => {
    if (typeof code !== 'string' || !Object.hasOwn(DTYPES, code))
      return badCall('numpy.dtype', `one of ${Object.keys(DTYPES).join(', ')}`);
    return { kind: 'dtype', dtype: DTYPES[code] };
  },
};

/** Bytes as Python 3 writes them, or as the Latin-1 text that Python 2 did. */
const asRange = (value: PickleValue | undefined): ByteRange | undefined => {
  if (isNode(value, 'bytes')) return value.range;
  if (typeof value !== 'string') return undefined;
  const bytes = Buffer.from(value, 'latin1');
  return { source: memorySource(bytes), start: 0, length: bytes.length };
};

/** A number with an element type of its own, such as numpy.float64(0.5): becomes the number. */
const scalar: PickleRule = {
  call: ([type, value]) => {
    const range = asRange(value);
    if (!isNode(type, 'dtype') || range?.length !== byteWidth(type.dtype) || /^B?F16/.test(type.dtype))
      return badCall('numpy scalar', 'an element type and the bytes of one element');
    const bytes = new Uint8Array(range.source.readSync(range.start, range.length));
    const element: number | bigint = new ARRAYS[type.dtype](bytes.buffer)[0];
    if (type.dtype === 'BOOL') return element !== 0;
    return Number.isSafeInteger(Number(element)) ? Number(element) : element;
  },
};

const viewOf = (
  type: PickleValue | undefined,
  shape: PickleValue[] | undefined,
  fortran: boolean,
  bytes: ByteRange | undefined,
): TensorView => {
  if (!isNode(type, 'dtype') || !shape || !bytes)
    return badCall('numpy.ndarray', 'a shape, an element type and the bytes of the elements');
  const storage = { count: Math.floor(bytes.length / byteWidth(type.dtype)), data: bytes };
  const sizes = shape.map(Number);
  const strides = fortran ? rowMajor([...sizes].reverse()).reverse() : rowMajor(sizes);
  return tensorView(type.dtype, storage, 0, shape, strides);
};

/** The content of an array: (1, shape, dtype, is Fortran order, bytes). */
export const fillArray = (state: PickleValue): TensorView => {
  const [, shape, type, fortran, bytes] = itemsOf(state) ?? [];
  return viewOf(type, itemsOf(shape), fortran === true, asRange(bytes));
};

const array: PickleRule = { call: () => ({ kind: 'array', view: undefined }) };

/** numpy's `_frombuffer` of protocol 5: (bytes, dtype, shape, order). */
const fromBuffer: PickleRule = {
  call: ([bytes, type, shape, order]) => ({
    kind: 'array',
    view: viewOf(type, itemsOf(shape), order === 'F', asRange(bytes)),
  }),
};

/** What NumPy writes, under the names that its versions 1 and 2 give it. */
export const NUMPY_RULES: Readonly<Record<string, PickleRule>> = {
  'numpy.dtype': dtype,
  'numpy.ndarray': {},
  'numpy.core.multiarray.scalar': scalar,
  'numpy._core.multiarray.scalar': scalar,
  'numpy.core.multiarray._reconstruct': array,
  'numpy._core.multiarray._reconstruct': array,
  'numpy.core.numeric._frombuffer': fromBuffer,
  'numpy._core.numeric._frombuffer': fromBuffer,
};
