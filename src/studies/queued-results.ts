import { canonicalJson, parseNumbers, stringifyNumbers } from '../checkpoints';
import { ArgumentError } from '../compute/check';
import { codeHash, packageVersion } from '../provenance';
import { type Job, jobId, waitForJobs } from '../queue';
import type { Task } from '../tasks';
import type { Evaluation } from './evaluation';
import type { Stored } from './sweep';
import type { StudyWatch } from './watch';

/** The job of a configuration. @throws ArgumentError for a task that another machine cannot make */
const jobOf = <C extends object>({ recipe, name }: Task, evaluation: Pick<Evaluation<C, unknown>, 'name' | 'code'>, config: C, label: string): Job => {
  if (recipe === undefined)
    throw new ArgumentError(`queue: the task '${name}' was not made by pointsTask, imageTask or latentsTasks, so no worker can make it; compute it here`); // prettier-ignore
  return {
    format: 'cosim job 1',
    evaluation: evaluation.name,
    label,
    task: recipe,
    config: JSON.parse(stringifyNumbers(config)) as Record<string, unknown>,
    code: codeHash(evaluation.code),
    version: packageVersion(),
  };
}; // prettier-ignore

/** Everything that a job's result depends on, and nothing else. */
const idOf = ({ evaluation, config, code, version: of }: Job): string =>
  jobId(evaluation, canonicalJson(config), code, of);

/** Results of the configurations from the workers of a queue, as they come. Equal configurations are one job. */
export async function* queuedResults<C extends object, R>(
  queue: string,
  task: Task,
  evaluation: Evaluation<C, R>,
  configs: readonly C[],
  { label, signal, onJobs }: Pick<StudyWatch, 'signal' | 'onJobs'> & { label: (config: C) => string },
): AsyncGenerator<[C, Stored<R>], void, undefined> {
  const jobs = new Map<string, { job: Job; equal: C[] }>();
  for (const config of configs) {
    const job = jobOf(task, evaluation, config, label(config));
    const id = idOf(job);
    const { equal } = jobs.get(id) ?? { equal: [] };
    jobs.set(id, { job, equal: [...equal, config] });
  }
  const wanted = new Map([...jobs].map(([id, { job }]) => [id, job]));
  for await (const [id, result] of waitForJobs(queue, wanted, { signal, onJobs }))
    for (const config of jobs.get(id)!.equal) yield [config, parseNumbers(result) as Stored<R>];
}
