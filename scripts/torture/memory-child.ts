// A process that works and looks at its memory; argv: engine, work, folder, how often, marks.
import { selectBackend } from '../../src/compute/backend';
import { dismissWorkers } from '../../src/compute/onnx';
import { type WorkName, WORKS } from './memory-work';

const main = async (): Promise<void> => {
  const [engine, work, dir, n, marks] = process.argv.slice(2);
  await selectBackend({ backend: 'wasm' });
  process.send!(await WORKS[work as WorkName](engine as 'eager' | 'onnx', dir, Number(n), Number(marks)));
  await dismissWorkers();
  process.disconnect(); // it ends by itself, or holds something still
};

void main();
