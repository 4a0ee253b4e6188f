import type { ByteSource } from './byte-source';
import { CheckpointError } from './checkpoint-error';

/** How a file of weights is laid out. */
export type CheckpointFormat = 'safetensors' | 'torch-zip' | 'torch-legacy' | 'pickle';

/** Opcodes that a pickle of protocol 0 or 1, which has no header, can begin with: containers, texts, numbers, names. */
const FIRST_OPCODES = new Set(Buffer.from('(])}lcdILFJKMVXSTUGN'));

/** How a zip file begins: with its first entry, or with the end of its directory where it is empty. */
const ZIP_STARTS = ['PK\x03\x04', 'PK\x05\x06'];

/**
 * What a file is, by its first bytes. A pickle may turn out to be PyTorch's legacy container. The file's name counts
 * only for a file that begins like nothing known, so that what is wrong with it can be said.
 * @throws CheckpointError 'unknown-format'.
 */
export const recogniseFormat = (source: ByteSource, name: string): CheckpointFormat => {
  const start = source.readSync(0, Math.min(source.size, 64));
  const text = Buffer.from(start).toString('latin1');
  if (start[8] === 0x7b) return 'safetensors'; // {, after 8 bytes of length, which may be those of a zip's first letters
  if (ZIP_STARTS.some(letters => text.startsWith(letters))) return 'torch-zip';
  if (start[0] === 0x80 || FIRST_OPCODES.has(start[0])) return 'pickle';
  if (text.startsWith('version https://git-lfs'))
    throw new CheckpointError(
      'unknown-format',
      'this is a pointer of Git LFS, not the file it stands for: fetch that with git lfs pull',
    );
  if (/^\s*<(!doctype|html|\?xml)/i.test(text))
    throw new CheckpointError('unknown-format', 'this is a web page, not a checkpoint: the download went wrong');
  if (name.endsWith('.safetensors')) return 'safetensors';
  throw new CheckpointError(
    'unknown-format',
    source.size === 0 ? 'the file is empty' : 'this is neither safetensors nor a pickle nor a PyTorch file',
  );
};
