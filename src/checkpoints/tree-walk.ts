import { CheckpointError } from './checkpoint-error';

const MAX_NODES = 500_000;
const MAX_DEPTH = 200;

/** Counts the steps of a walk through values that may contain one another, even themselves. */
export class TreeWalk {
  private nodes = 0;
  private depth = 0;

  enter<T>(visit: () => T): T {
    if (++this.nodes > MAX_NODES)
      throw new CheckpointError('limit-nodes', `pickle: more than ${MAX_NODES} values when written out`);
    if (this.depth >= MAX_DEPTH)
      throw new CheckpointError('limit-depth', `pickle: values nested more than ${MAX_DEPTH} deep`);
    this.depth++;
    const result = visit();
    this.depth--;
    return result;
  }
}
