/* The code of a thread that computes one tr sqrt(A B) and ends. */
import { parentPort, workerData } from 'node:worker_threads';
import { rootTraceHere, type RootTraceTask } from './root-trace';

void rootTraceHere(workerData as RootTraceTask).then(value => {
  parentPort!.postMessage(value);
});
