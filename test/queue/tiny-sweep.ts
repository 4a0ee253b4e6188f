/* Who waits for tiny jobs as a process of its own: `tiny-sweep.ts COUNT` puts them on the queue of COSIM_QUEUE and writes the results. */
import { type Job, waitForJobs } from '../../src/queue';

const jobOf = (x: number): Job => ({
  format: 'cosim job 1',
  evaluation: 'square',
  label: `job ${x}`,
  task: {},
  config: { x, ms: 0 },
  code: '',
  version: '',
});

const main = async (count: number): Promise<void> => {
  const jobs = new Map(Array.from({ length: count }, (_, x) => [`sweep-${x}`, jobOf(x)]));
  const results: Record<string, string> = {};
  for await (const [id, result] of waitForJobs(process.env.COSIM_QUEUE!, jobs)) results[id] = result;
  console.log(JSON.stringify(results));
};

void main(Number(process.argv[2]));
