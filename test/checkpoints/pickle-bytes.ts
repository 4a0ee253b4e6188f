/* Pickles written by hand, for tests. */
import { CheckpointError, type CheckpointErrorCode } from '../../src/checkpoints';
import { memorySource } from '../../src/checkpoints/byte-source';
import { readCheckpointFrom, type ReadOptions } from '../../src/checkpoints/read-checkpoint';

type Piece = string | number | Uint8Array;

/** Bytes from opcodes: texts as Latin-1, numbers as one byte. */
export const bytesOf = (...pieces: Piece[]): Buffer =>
  Buffer.concat(
    pieces.map(piece =>
      typeof piece === 'number'
        ? Buffer.of(piece)
        : typeof piece === 'string'
          ? Buffer.from(piece, 'latin1')
          : Buffer.from(piece),
    ),
  );

/** A little-endian integer of `width` bytes. */
export const little = (value: number | bigint, width: number): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes.subarray(0, width);
};

/** SHORT_BINUNICODE. */
export const text = (value: string): Buffer => bytesOf('\x8c', Buffer.byteLength(value), Buffer.from(value));

/** The code of the error that a file is refused with; any other error is thrown on. */
export const refusal = async (
  bytes: Uint8Array,
  options: ReadOptions = {},
): Promise<CheckpointErrorCode | 'accepted'> => {
  try {
    await readCheckpointFrom(memorySource(bytes), 'file', options);
  } catch (error) {
    if (error instanceof CheckpointError) return error.code;
    throw error;
  }
  return 'accepted';
};
