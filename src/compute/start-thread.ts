import { Worker, type WorkerOptions } from 'node:worker_threads';

/**
 * A thread that runs a module of this project, compiled or from source.
 * @param file as `require.resolve` gives it
 */
export const startThread = (file: string, options: Omit<WorkerOptions, 'eval'> = {}): Worker => {
  const hook = file.endsWith('.ts') ? `require('tsx/cjs');` : ''; // from source: the thread must read TypeScript too
  return new Worker(`${hook} require(${JSON.stringify(file)})`, { ...options, eval: true });
};
