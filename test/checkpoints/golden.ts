import { join } from 'node:path';

/** Checkpoint files written by PyTorch, with what PyTorch says is in them. */
export const goldenCheckpoint = (name: string): string => join(__dirname, '../golden/ckpt', name);
