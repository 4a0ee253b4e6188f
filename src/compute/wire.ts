/* Protocol buffers as bytes: fields with their places, so that a file can be changed without knowing all of its schema. */
import { ArgumentError } from './check';

/** One field: its number, its kind on the wire, and where its content lies (for a number, the number itself). */
export type WireField = { number: number; wire: number; start: number; from: number; to: number; value: number };

const damaged = (): never => {
  throw new ArgumentError('damaged: no protocol buffer');
};

/** A number of up to ten bytes, beyond 2^53 rounded. */
const readVarint = (bytes: Uint8Array, at: number, end: number): { value: number; next: number } => {
  let value = 0;
  for (let i = 0; i < 10; i++) {
    if (at + i >= end) damaged();
    const byte = bytes[at + i];
    value += (byte & 127) * 2 ** (7 * i);
    if (byte < 128) return { value, next: at + i + 1 };
  }
  return damaged();
};

/**
 * The fields of the message in bytes [from, to).
 * @throws ArgumentError where the bytes are no message.
 */
export function* fieldsOf(bytes: Uint8Array, from: number, to: number): Generator<WireField> {
  for (let at = from; at < to;) {
    const { value: tag, next } = readVarint(bytes, at, to);
    const [number, wire] = [Math.floor(tag / 8), tag % 8];
    let field: WireField;
    if (wire === 0) {
      const read = readVarint(bytes, next, to);
      field = { number, wire, start: at, from: next, to: read.next, value: read.value };
    } else if (wire === 2) {
      const length = readVarint(bytes, next, to);
      field = { number, wire, start: at, from: length.next, to: length.next + length.value, value: 0 };
    } else if (wire === 1 || wire === 5) {
      field = { number, wire, start: at, from: next, to: next + (wire === 1 ? 8 : 4), value: 0 };
    } else return damaged();
    if (field.to > to || number === 0) damaged();
    yield field;
    at = field.to;
  }
}

/** The text of a field. */
export const textOf = (bytes: Uint8Array, { from, to }: WireField): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString('utf8');

const varint = (value: number): number[] => {
  const bytes: number[] = [];
  for (let left = value; ; left = Math.floor(left / 128)) {
    if (left < 128) return [...bytes, left];
    bytes.push((left % 128) | 128);
  }
};

/** A field of bytes, with its number and length before it. */
export const bytesField = (number: number, pieces: readonly Uint8Array[]): Uint8Array[] => [
  Uint8Array.from([...varint(8 * number + 2), ...varint(pieces.reduce((sum, piece) => sum + piece.length, 0))]),
  ...pieces,
];
