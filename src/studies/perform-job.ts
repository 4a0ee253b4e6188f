import { hostname } from 'node:os';
import { join } from 'node:path';
import { canonicalJson, CheckpointError, parseNumbers, stringifyNumbers } from '../checkpoints';
import { codeHash, type MadeBy, packageVersion } from '../provenance';
import { type Job, Refusal } from '../queue';
import { type Task, taskOfRecipe, taskRecipe } from '../tasks';
import { evaluationNamed } from './evaluations';
import { evaluateOnce } from './task-sweep';

/** Computes jobs; `close` frees the tasks that it holds. */
export type JobPerformer = {
  /** @returns the result as text; nothing where it was aborted. @throws Refusal for a job of other code, data or package */
  perform: (
    job: Job,
    watch: { signal: AbortSignal; onDone: (done: number, what?: string) => void },
  ) => Promise<string | undefined>;
  close: () => Promise<void>;
};

/** What is computed here now says on which machine; parts that came from elsewhere say so already. */
const onThisHost = (made: MadeBy): MadeBy => ({ ...made, machine: { host: hostname(), ...made.machine } });

/**
 * Computes jobs of a queue in this process.
 * @param folder where checkpoints and generators lie: where machines share it, one goes on where another ended
 */
export const jobPerformer = (folder: string): JobPerformer => {
  const open = new Map<string, { made: ReturnType<typeof taskOfRecipe>; users: number }>();

  /** Closes what nobody uses. */
  const tidy = async (): Promise<void> => {
    for (const [recipe, { made, users }] of open)
      if (users === 0) {
        open.delete(recipe);
        await made.then(
          ({ close }) => close(),
          () => undefined,
        );
      }
  };

  /** The task of a job while `use` works with it; it stays open for the next job until one of another task comes. */
  const withTask = async <T>(job: Job, use: (task: Task) => Promise<T>): Promise<T> => {
    const { success, data, error } = taskRecipe.safeParse(job.task);
    if (!success) throw new Refusal(`its task cannot be made: ${error.issues[0].message}`);
    const recipe = canonicalJson(data);
    if (!open.has(recipe)) await tidy();
    const entry = open.get(recipe) ?? { made: taskOfRecipe(data), users: 0 };
    open.set(recipe, entry);
    entry.users++;
    try {
      const { task } = await entry.made.catch((problem: unknown) => {
        open.delete(recipe);
        throw new Refusal(`its task cannot be made here: ${(problem as Error).message}`);
      });
      return await use(task);
    } finally {
      entry.users--;
    }
  };

  const evaluationFor = (job: Job): NonNullable<ReturnType<typeof evaluationNamed>> => {
    const evaluation = evaluationNamed(job.evaluation);
    if (evaluation === undefined) throw new Refusal(`'${job.evaluation}' is not known to cosim ${packageVersion()}`);
    if (job.version !== packageVersion())
      throw new Refusal(`it is of cosim ${job.version}, this is ${packageVersion()}`);
    const code = codeHash(evaluation.code);
    if (job.code !== code) throw new Refusal(`it is of the code ${job.code}, this is ${code}`);
    return evaluation;
  };

  return {
    perform: async (job, { signal, onDone }) => {
      const evaluation = evaluationFor(job);
      return withTask(job, async task => {
        const config = parseNumbers(JSON.stringify(job.config)) as { identity?: unknown };
        const [theirs, ours] = [canonicalJson(config.identity), canonicalJson(task.identity)];
        if (theirs !== ours) throw new Refusal(`its data, teacher or features are others: ${theirs}, here ${ours}`);
        const compute = (own: string): ReturnType<typeof evaluateOnce> =>
          evaluateOnce(evaluation, task, config, {
            folder: own,
            generators: join(own, 'generators'),
            signal,
            onDone,
          });
        const stored = await compute(folder).catch((error: unknown) => {
          if (!(error instanceof CheckpointError) || error.code !== 'locked') throw error;
          return compute(join(folder, `of ${hostname()}`)); // its last worker is cut off, or died on another machine
        });
        if (stored === undefined || signal.aborted) return undefined;
        return stringifyNumbers({ ...stored, madeBy: stored.madeBy.map(onThisHost) });
      });
    },
    close: tidy,
  };
};
