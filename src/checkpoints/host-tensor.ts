/** Element types, each with the array that holds it on the host; half floats are kept as their bits. */
export const ARRAYS = {
  F64: Float64Array,
  F32: Float32Array,
  F16: Uint16Array,
  BF16: Uint16Array,
  I64: BigInt64Array,
  I32: Int32Array,
  I16: Int16Array,
  I8: Int8Array,
  U64: BigUint64Array,
  U32: Uint32Array,
  U16: Uint16Array,
  U8: Uint8Array,
  BOOL: Uint8Array,
} as const;

/** Kind of number of a tensor outside the backend. */
export type HostDtype = keyof typeof ARRAYS;

/** Numbers of a tensor outside the backend, in row-major order. */
export type HostData = InstanceType<(typeof ARRAYS)[HostDtype]>;

/** A tensor in host memory, row-major. `data` is of the class that `ARRAYS` gives for `dtype`. */
export type HostTensor = { dtype: HostDtype; shape: number[]; data: HostData };

export const isHostDtype = (name: unknown): name is HostDtype =>
  typeof name === 'string' && Object.hasOwn(ARRAYS, name);

/** Bytes per element. */
export const byteWidth = (dtype: HostDtype): number => ARRAYS[dtype].BYTES_PER_ELEMENT;

/** The bytes behind an array, without a copy. */
export const bytesOf = (data: ArrayBufferView): Uint8Array =>
  new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
