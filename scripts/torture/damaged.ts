// One damaged file, the same for the same index, and what came of reading it.
import { randomSource } from '../../src/compute/noise';
import { mutate } from './mutate';

/** Errors that say what is wrong with the file. */
const NAMED = new Set(['CheckpointError', 'DatasetError', 'ArgumentError', 'NpzError', 'StatisticsError']);

/** What came of a file: read, refused by a named error, or anything else. */
export type Outcome = { outcome: 'read' | 'refused' | 'failed'; problem?: string };

/** The damaged file of an index: one to three mutations of a good one. */
export const damaged = (kind: string, good: readonly Buffer[], index: number): Buffer => {
  const random = randomSource({ seed: index, stream: `torture/${kind}` });
  let bytes = mutate(good[index % good.length], random);
  for (let more = random.integer(3); more > 0; more--) if (bytes.length > 0) bytes = mutate(bytes, random);
  return bytes;
};

/** Runs a reader. */
export const outcomeOf = async (read: () => Promise<void>): Promise<Outcome> => {
  try {
    await read();
    return { outcome: 'read' };
  } catch (error) {
    const { name, message } = error as Error;
    return NAMED.has(name)
      ? { outcome: 'refused' }
      : { outcome: 'failed', problem: `${name}: ${message.slice(0, 200)}` };
  }
};
