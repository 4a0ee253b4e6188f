/* What a job says: plain JSON, checked by whoever takes it. */
import { z } from 'zod';
import { ArgumentError } from '../compute/check';

/** Bytes of a job's JSON. */
const LARGEST = 65_536;

/** Why a job failed that its worker stopped since nobody waits for it. */
export const CANCELLED = 'cancelled';

const text = z.string().max(256);

const jobSchema = z.strictObject({
  format: z.literal('cosim job 1'),
  /** Name of what computes it. */
  evaluation: text,
  /** For people. */
  label: text,
  /** How the task is made. */
  task: z.record(z.string(), z.unknown()),
  /** Everything else that the result depends on. */
  config: z.record(z.string(), z.unknown()),
  /** Hash of the code that is to compute it. */
  code: text,
  /** Version of the package. */
  version: text,
  /** Nobody waits for it any more. */
  cancelled: z.literal(true).optional(),
});

/** What a job says. */
export type Job = z.infer<typeof jobSchema>;

/** How a job stands. `refused`: a worker could not take it and gave it back; others may. */
export type JobState = {
  id: string;
  label: string;
  state: 'waiting' | 'running' | 'done' | 'failed' | 'refused';
  /** Machine and process that took it last. */
  worker?: string;
  /** How much is done, in the unit of the study's progress, and at what it is. */
  done?: number;
  what?: string;
  /** Why it failed, or was refused. */
  problem?: string;
};

/** What a worker tells of a job on the way. */
export type JobReport = Pick<JobState, 'worker' | 'done' | 'what' | 'problem'> & { refused?: boolean };

/**
 * A job as it stands on the queue.
 * @throws ArgumentError naming the field
 */
export const parseJob = (value: unknown): Job => {
  const size = Buffer.byteLength(JSON.stringify(value) ?? '');
  if (size > LARGEST) throw new ArgumentError(`job: ${size} bytes; at most ${LARGEST} are taken`);
  const { success, data, error } = jobSchema.safeParse(value);
  if (success) return data;
  const [{ path, message }] = error.issues;
  throw new ArgumentError(`job: ${path.join('.') || 'the whole'}: ${message}`);
};
