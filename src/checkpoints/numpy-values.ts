import { type ByteRange, memorySource } from './byte-source';
import { fromFloat16 } from './half-floats';
import { ARRAYS, byteWidth, type HostDtype } from './host-tensor';
import type { PickleMachine, PickleRule } from './pickle-machine';
import { badCall, isNode, itemsOf, opaque, type PickleValue } from './pickle-values';
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

const LARGEST_TEXT = 4096; // bytes of a numpy.str_

/** Texts, dates and complex numbers, which may stand beside the weights. */
const ASIDE = /^([USMm]\d{0,6}|c8|c16)$/;

const dtype: PickleRule = {
  call: ([code]) => {
    const known = typeof code === 'string' && Object.hasOwn(DTYPES, code) ? DTYPES[code] : undefined;
    if (typeof code !== 'string' || !(known ?? ASIDE.test(code)))
      return badCall('numpy.dtype', `one of ${Object.keys(DTYPES).join(', ')}`);
    return { kind: 'dtype', code, dtype: known };
  },
};

/** Bytes as Python 3 writes them, or as the Latin-1 text that Python 2 did. */
const asRange = (value: PickleValue | undefined, machine: PickleMachine): ByteRange | undefined => {
  if (isNode(value, 'bytes')) return value.range;
  if (typeof value !== 'string') return undefined;
  machine.chargeBytes(value.length);
  const bytes = Buffer.from(value, 'latin1');
  return { source: memorySource(bytes), start: 0, length: bytes.length };
};

/** A text with an element type of its own, numpy.str_('a'): UTF-32, or for 'S' one byte a character. */
const scalarText = (code: string, bytes: Uint8Array): PickleValue => {
  if (code.startsWith('S')) return Buffer.from(bytes).toString('latin1');
  if (!code.startsWith('U') || bytes.length % 4 !== 0) return opaque(`numpy ${code}`);
  const points = [...new Uint32Array(bytes.buffer)];
  return points.every(point => point <= 0x10ffff)
    ? String.fromCodePoint(...points)
    : badCall('numpy scalar', 'characters of Unicode');
};

/** A number with an element type of its own, such as numpy.float64(0.5): becomes the number. */
const scalar: PickleRule = {
  call: ([type, value], machine) => {
    const range = asRange(value, machine);
    const largest = isNode(type, 'dtype') ? (type.dtype ? byteWidth(type.dtype) : LARGEST_TEXT) : -1;
    if (!isNode(type, 'dtype') || !range || range.length > largest)
      return badCall('numpy scalar', 'an element type and the bytes of one element');
    machine.chargeBytes(range.length);
    const bytes = new Uint8Array(range.source.readSync(range.start, range.length));
    if (!type.dtype) return scalarText(type.code, bytes);
    if (range.length !== largest) return badCall('numpy scalar', 'the bytes of one element');
    const element: number | bigint = new ARRAYS[type.dtype](bytes.buffer)[0];
    if (type.dtype === 'F16') return fromFloat16(Uint16Array.of(Number(element)))[0];
    if (type.dtype === 'BOOL') return element !== 0;
    return Number.isSafeInteger(Number(element)) ? Number(element) : element;
  },
};

const viewOf = (
  type: PickleValue | undefined,
  shape: PickleValue[] | undefined,
  fortran: boolean,
  bytes: ByteRange | undefined,
): TensorView | undefined => {
  if (isNode(type, 'dtype') && !type.dtype) return undefined; // an array of texts is no tensor
  if (!isNode(type, 'dtype') || !type.dtype || !shape || shape.length > 32 || !bytes)
    return badCall('numpy.ndarray', 'a shape, an element type and the bytes of the elements');
  const storage = { count: Math.floor(bytes.length / byteWidth(type.dtype)), data: bytes };
  const sizes = shape.map(Number);
  const strides = fortran ? rowMajor([...sizes].reverse()).reverse() : rowMajor(sizes);
  return tensorView(type.dtype, storage, 0, shape, strides);
};

/** The content of an array: (1, shape, dtype, is Fortran order, bytes). */
export const fillArray = (state: PickleValue, machine: PickleMachine): TensorView | undefined => {
  const [, shape, type, fortran, bytes] = itemsOf(state) ?? [];
  return viewOf(type, itemsOf(shape), fortran === true, asRange(bytes, machine));
};

const array: PickleRule = { call: () => ({ kind: 'array', view: undefined }) };

/** numpy's `_frombuffer` of protocol 5: (bytes, dtype, shape, order). */
const fromBuffer: PickleRule = {
  call: ([bytes, type, shape, order], machine) => ({
    kind: 'array',
    view: viewOf(type, itemsOf(shape), order === 'F', asRange(bytes, machine)),
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
