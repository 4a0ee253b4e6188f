import type { ByteRange } from './byte-source';
import { CheckpointError } from './checkpoint-error';
import type { HostDtype } from './host-tensor';
import type { TensorView } from './tensor-view';

// What a pickle's objects become: plain records of this file's kinds, never an object of a class that the file names.

/** A Python value. Integers beyond 2^53 are bigints; floats and integers are not told apart. */
export type PickleValue = null | boolean | number | bigint | string | PickleNode;

/**
 * A PyTorch storage: `count` elements of `width` bytes; `data` comes later where the container lists it after the pickle.
 * Its type may be one that is listed but not read, such as 'C64'.
 */
export type StorageNode = { kind: 'storage'; dtype: string; width: number; count: number; data: ByteRange | undefined };

export type DictNode = { kind: 'dict'; entries: Map<PickleValue, PickleValue> };

/** An instance of an allowed class: its name and its attributes, nothing of its behaviour. */
export type ObjectNode = { kind: 'object'; className: string; state: PickleValue };

/** A function or class of the allow-list, by its Python name. */
type GlobalNode = { kind: 'global'; name: string };

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
  | { kind: 'unread'; dtype: string; shape: number[] } // a tensor that is listed but not read
  | { kind: 'opaque'; text: string } // a value beside the weights, as text
  | { kind: 'dtype'; code: string; dtype: HostDtype | undefined } // of NumPy; texts and dates have no tensor's type
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

/** A value that is of no use to a tensor, kept as text. */
export const opaque = (text: string): PickleNode => ({ kind: 'opaque', text });

/** Refuses arguments that no genuine file has. */
export const badCall = (name: string, expected: string): never => {
  throw new CheckpointError('pickle-call', `pickle: ${name} takes ${expected}`);
};
