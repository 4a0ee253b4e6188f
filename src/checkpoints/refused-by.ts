import { CheckpointError } from './checkpoint-error';
import { hasCode, ioReason } from './io-error';

/** How the system says that it will not write, whatever the path: full, read-only, failing, no more files for this process. */
const REFUSALS = ['ENOSPC', 'EDQUOT', 'EFBIG', 'EIO', 'EROFS', 'EACCES', 'EPERM', 'EMFILE', 'ENFILE'];

/**
 * What to throw in place of an error that came while `path` was written. Node's own names no path for a write, and a hidden
 * one for what is renamed later; any other error stays as it is.
 */
export const refusedBy = (path: string, error: unknown): unknown => {
  const cause = error instanceof CheckpointError && error.code === 'unwritable' ? error.cause : error;
  if (!hasCode(cause, ...REFUSALS)) return error;
  return new CheckpointError('unwritable', `${path} cannot be written: ${ioReason(cause)}`, { cause });
};
