// A process that works and looks at its memory; argv: engine, work, folder, how often, marks.
import { selectBackend } from '../../src/compute/backend';
import { dismissWorkers } from '../../src/compute/onnx';
import { useDevice } from '../../src/compute/xla/shared-device';
import { openCpuDevice } from '../../test/compute/xla/pjrt/cpu-plugin';
import { type Engine, type WorkName, WORKS } from './memory-work';

const main = async (): Promise<void> => {
  const [engine, work, dir, n, marks] = process.argv.slice(2);
  await selectBackend({ backend: 'wasm' });
  const device = engine === 'xla' ? await openCpuDevice() : undefined;
  if (device) useDevice(device);
  process.send!(await WORKS[work as WorkName](engine as Engine, dir, Number(n), Number(marks)));
  if (device) useDevice(undefined);
  device?.dispose();
  await dismissWorkers();
  process.disconnect(); // it ends by itself, or holds something still
};

void main();
