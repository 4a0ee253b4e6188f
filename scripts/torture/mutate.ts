import type { randomSource } from '../../src/compute/noise';

/**
 * Damages a file in one of the ways that files are damaged or forged: a bit or byte changed, bytes cut out, repeated or
 * inserted, the end cut off, a length replaced by an extreme one.
 */
export const mutate = (good: Buffer, random: ReturnType<typeof randomSource>): Buffer => {
  const at = random.integer(random.uniform() < 0.5 ? Math.min(good.length, 4096) : good.length);
  const bytes = Buffer.from(good);
  const length = random.integer(64);
  switch (random.integer(7)) {
    case 0:
      bytes[at] ^= 1 << random.integer(8);
      return bytes;
    case 1:
      bytes[at] = random.integer(256);
      return bytes;
    case 2:
      return bytes.subarray(0, at);
    case 3:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)]);
    case 4:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at, at + length), bytes.subarray(at)]);
    case 5:
      return Buffer.concat([
        bytes.subarray(0, at),
        Buffer.from(good.subarray(at, at + length)).reverse(),
        bytes.subarray(at),
      ]);
    default:
      for (let i = 0; i < 4 && at + i < bytes.length; i++) bytes[at + i] = random.integer(2) ? 0xff : 0x7f;
      return bytes;
  }
};
