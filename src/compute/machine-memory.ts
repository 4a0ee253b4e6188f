import { totalmem } from 'node:os';

/** Memory that this process may have, bytes: the machine's, or its container's where that has less. */
export const machineMemory = (): number => {
  const limit = process.constrainedMemory() ?? 0;
  return Math.min(totalmem(), limit > 0 ? limit : Infinity);
};
