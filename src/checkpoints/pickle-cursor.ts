import type { ByteRange } from './byte-source';
import { CheckpointError, type CheckpointErrorCode } from './checkpoint-error';

const WINDOW = 65536;
const MAX_TEXT = 2 ** 28; // bytes of one text; V8 cannot hold twice as much

/** Reads numbers and texts one after the other from a stretch of bytes, a window at a time. */
export class Cursor {
  position: number;
  private readonly end: number;
  private window = new Uint8Array(0);
  private view = new DataView(this.window.buffer);
  private windowStart = 0;

  constructor(private readonly range: ByteRange) {
    this.position = range.start;
    this.end = range.start + range.length;
  }

  fail(code: CheckpointErrorCode, what: string): never {
    throw new CheckpointError(code, `pickle: ${what} (byte ${this.position - this.range.start})`);
  }

  /** Makes the next `length` bytes, at most a window, lie in the window; returns where, and moves past them. */
  private next(length: number): number {
    let at = this.position - this.windowStart;
    if (at < 0 || at + length > this.window.length) {
      if (length > this.end - this.position) this.fail('pickle-truncated', 'the stream ends within an opcode');
      const bytes = this.range.source.readSync(this.position, Math.min(WINDOW, this.end - this.position));
      this.window = bytes;
      this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
      this.windowStart = this.position;
      at = 0;
    }
    this.position += length;
    return at;
  }

  get remaining(): number {
    return this.end - this.position;
  }

  uint8(): number {
    const at = this.next(1);
    return this.window[at];
  }

  uint16(): number {
    const at = this.next(2);
    return this.view.getUint16(at, true);
  }

  int32(): number {
    const at = this.next(4);
    return this.view.getInt32(at, true);
  }

  uint32(): number {
    const at = this.next(4);
    return this.view.getUint32(at, true);
  }

  /** A 64-bit length; those beyond 2^53 come out rounded, and are larger than any file all the same. */
  uint64(): number {
    const at = this.next(8);
    return Number(this.view.getBigUint64(at, true));
  }

  float64BigEndian(): number {
    const at = this.next(8);
    return this.view.getFloat64(at, false);
  }

  /** The next `length` bytes as a range, unread. */
  skip(length: number): ByteRange {
    if (length > this.remaining)
      this.fail('pickle-truncated', `${length} bytes are announced, ${this.remaining} are left`);
    const start = this.position;
    this.position += length;
    return { source: this.range.source, start, length };
  }

  private text(length: number): Uint8Array {
    if (length > this.remaining)
      this.fail('pickle-truncated', `a text of ${length} bytes is announced, ${this.remaining} are left`);
    if (length > MAX_TEXT) this.fail('limit-size', `a text of ${length} bytes; ${MAX_TEXT} are the limit`);
    if (length > WINDOW) {
      const { source, start } = this.skip(length);
      return source.readSync(start, length);
    }
    const at = this.next(length);
    return this.window.subarray(at, at + length);
  }

  utf8(length: number): string {
    const bytes = this.text(length);
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch {
      return this.fail('pickle-value', 'a text that is not UTF-8');
    }
  }

  latin1(length: number): string {
    const bytes = this.text(length);
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
  }

  /** An integer in two's complement, little-endian. */
  integer(length: number): number | bigint {
    if (length > 32) this.fail('limit-size', `an integer of ${length} bytes; 32 are the limit`);
    let value = 0n;
    this.text(length).forEach((byte, i) => (value |= BigInt(byte) << BigInt(8 * i)));
    const signed = BigInt.asIntN(8 * length, value);
    const number = Number(signed);
    return Number.isSafeInteger(number) ? number : signed;
  }

  /** The text up to the next line end, which is passed, as Latin-1. */
  line(): string {
    for (let text = ''; ;) {
      const at = this.next(1);
      const end = this.window.indexOf(10, at);
      const bytes = this.window.subarray(at, end < 0 ? this.window.length : end);
      text += Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
      this.position = this.windowStart + at + bytes.length;
      if (end >= 0) {
        this.position++;
        return text;
      }
      if (text.length > MAX_TEXT) this.fail('limit-size', `a line of more than ${MAX_TEXT} bytes`);
    }
  }
}
