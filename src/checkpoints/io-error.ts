/** Whether Node's error has one of these codes: 'ENOENT', ... */
export const hasCode = (error: unknown, ...codes: readonly string[]): boolean =>
  codes.includes(String((error as NodeJS.ErrnoException | undefined)?.code));

const WORDS: Record<string, string> = {
  EACCES: 'permission is denied',
  EPERM: 'permission is denied',
  EROFS: 'the disk is read-only',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EFBIG: 'the file would be larger than this process may write',
  EIO: 'the disk fails',
  EMFILE: 'this process has too many files open',
  ENFILE: 'this machine has too many files open',
  ENOTDIR: 'a part of the path is a file',
  EEXIST: 'a file of that name is there',
  EISDIR: 'it is a folder',
  ENAMETOOLONG: 'the name is too long',
};

/** What the system says in words, with its code. */
export const ioReason = (error: unknown): string => {
  const code = String((error as NodeJS.ErrnoException).code);
  return code in WORDS ? `${WORDS[code]} (${code})` : (error as Error).message;
};
