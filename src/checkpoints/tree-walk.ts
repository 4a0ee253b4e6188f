import { CheckpointError } from './checkpoint-error';

const MAX_NODES = 500_000;
const MAX_DEPTH = 200;
const MAX_BYTES = 2 ** 25; // of names, texts and numbers written out; published checkpoints have less than one MiB

/**
 * Counts what a walk through values makes of them. Values may contain one another, even themselves, and one value may
 * be referred to any number of times: each visit counts, so that a small file cannot ask for much.
 */
export class TreeWalk {
  private nodes = 0;
  private bytes = 0;
  private depth = 0;

  /** Visits a value. @throws CheckpointError 'limit-nodes', 'limit-depth' */
  enter<T>(visit: () => T): T {
    this.charge(1);
    if (this.depth >= MAX_DEPTH)
      throw new CheckpointError('limit-depth', `pickle: values nested more than ${MAX_DEPTH} deep`);
    this.depth++;
    const result = visit();
    this.depth--;
    return result;
  }

  /** Counts `nodes` values that are looked at. @throws CheckpointError 'limit-nodes' */
  charge(nodes: number): void {
    this.nodes += nodes;
    if (this.nodes > MAX_NODES)
      throw new CheckpointError('limit-nodes', `pickle: more than ${MAX_NODES} values when written out`);
  }

  /** Counts `bytes` that are copied or written out. @throws CheckpointError 'limit-expansion' */
  chargeBytes(bytes: number): void {
    this.bytes += bytes;
    if (this.bytes > MAX_BYTES)
      throw new CheckpointError(
        'limit-expansion',
        `pickle: names, texts and numbers of more than ${MAX_BYTES} bytes when written out`,
      );
  }
}
