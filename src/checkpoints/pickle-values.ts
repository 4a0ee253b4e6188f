import type { ByteRange } from './byte-source';
import { CheckpointError } from './checkpoint-error';
import type { HostDtype } from './host-tensor';
import type { TensorView } from './tensor-view';

// What a pickle's objects become: plain records of this file's kinds, never an object of a class that the file names.

/** A Python value. Integers beyond 2^53 are bigints; floats and integers are not told apart. */
export type PickleValue = null | boolean | number | bigint | string | PickleNode;

/** A PyTorch storage: `count` elements; `data` comes later where the container lists it after the pickle. */
export type StorageNode = { kind: 'storage'; dtype: HostDtype; count: number; data: ByteRange | undefined };

export type DictNode = { kind: 'dict'; entries: Map<PickleValue, PickleValue> };

/** An instance of an allowed class: its name and its attributes, nothing of its behaviour. */
export type ObjectNode = { kind: 'object'; className: string; state: PickleValue };

/** A function or class of the allow-list, by its Python name. */
export type GlobalNode = { kind: 'global'; name: string };

export type PickleNode =
  | { kind: 'list'; items: PickleValue[] }
  | { kind: 'tuple'; items: PickleValue[] }
  | { kind: 'set'; items: PickleValue[] }
  | DictNode
  | { kind: 'bytes'; range: ByteRange }
  | GlobalNode
  | ObjectNode
  | StorageNode
  | { kind: 'tensor'; view: TensorView }
  | { kind: 'dtype'; dtype: HostDtype } // of NumPy
  | { kind: 'array'; view: TensorView | undefined }; // of NumPy; filled by BUILD

export const isNode = <K extends PickleNode['kind']>(
  value: PickleValue | undefined,
  kind: K,
): value is Extract<PickleNode, { kind: K }> => typeof value === 'object' && value !== null && value.kind === kind;

export const dict = (entries: Iterable<readonly [PickleValue, PickleValue]> = []): DictNode => ({
  kind: 'dict',
  entries: new Map(entries),
});

/** The items of a list or tuple; undefined for anything else. */
export const itemsOf = (value: PickleValue | undefined): PickleValue[] | undefined =>
  isNode(value, 'tuple') || isNode(value, 'list') ? value.items : undefined;

/** What to call a value in an error message. */
export const kindOf = (value: PickleValue | undefined): string => {
  if (value === null) return 'None';
  if (value === undefined) return 'nothing';
  if (typeof value !== 'object') return typeof value;
  return value.kind === 'global' ? value.name : value.kind;
};

/** Refuses arguments that no genuine file has. */
export const badCall = (name: string, expected: string): never => {
  throw new CheckpointError('pickle-call', `pickle: ${name} takes ${expected}`);
};
