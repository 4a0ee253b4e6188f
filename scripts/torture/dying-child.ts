// The process that is killed; argv: name of the job, its folder. Says when it begins, and ends as the command line does.
import { stoppable, Stopped } from '../../src/command-line/stopped';
import { selectBackend } from '../../src/compute/backend';
import { dismissWorkers } from '../../src/compute/onnx';
import { JOBS } from './dying-jobs';

const main = async (): Promise<void> => {
  const [name, dir] = process.argv.slice(2);
  await selectBackend({ backend: 'wasm' });
  process.send!('ready');
  try {
    await stoppable('stopped', signal => JOBS[name].work(dir, signal));
  } catch (error) {
    if (!(error instanceof Stopped)) console.error(error);
    process.exitCode = error instanceof Stopped ? error.code : 1;
  }
  await dismissWorkers();
  process.disconnect();
};

void main();
