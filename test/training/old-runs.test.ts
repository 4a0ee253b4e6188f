import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { cp, readFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { loadTensors } from '../../src/checkpoints';
import { selectBackend } from '../../src/compute/backend';
import { dismissWorkers } from '../../src/compute/onnx';
import { Run } from '../../src/training';
import { fixturesFolder } from '../golden';
import { withFolder } from '../temporary-folder';
import { tinyImages, tinyPoints } from '../tiny';

const folder = join(fixturesFolder, 'old-runs');
const { cpu } = JSON.parse(readFileSync(join(folder, 'written-by.json'), 'utf8')) as { cpu: string };

const STATE = join('00000006', 'state.safetensors');

/** Reports of the iterations without the clock. */
const history = async (dir: string): Promise<object[]> => {
  const lines = (await readFile(join(dir, '00000006', 'history.jsonl'), 'utf8')).trim().split('\n');
  return lines.map(line => ({ ...(JSON.parse(line) as object), seconds: 0 }));
};

/** Largest difference of two states, relative to 1 or the value. */
const distance = async (a: string, b: string): Promise<number> => {
  const [x, y] = await Promise.all([a, b].map(async path => (await loadTensors(path)).tensors));
  assert.deepEqual(Object.keys(x), Object.keys(y));
  let worst = 0;
  for (const [name, tensor] of Object.entries(x)) {
    const [u, v] = [tensor.dataSync(), y[name].dataSync()];
    u.forEach((value, i) => (worst = Math.max(worst, Math.abs(value - v[i]) / Math.max(1, Math.abs(v[i])))));
    tensor.dispose();
    y[name].dispose();
  }
  return worst;
};

before(() => selectBackend({ backend: 'wasm' }));
after(dismissWorkers);

describe('a run that an earlier version saved at step 3 goes on to its step 6', () => {
  for (const name of readdirSync(folder).filter(entry => !entry.includes('.'))) {
    // the compiled engine's kernels are chosen by the processor: bits are the same on the same one
    const exact = name.endsWith('-eager') || cpus()[0].model === cpu;
    test(`${name}, ${exact ? 'bit for bit' : 'to rounding'}`, () =>
      withFolder(async dir => {
        await cp(join(folder, name, 'step-3'), dir, { recursive: true });
        const dataset = name.includes('edm2') ? tinyImages : tinyPoints;
        const run = await Run.load(dir, { dataset });
        await run.train({ images: 6 * run.options.batch, dir });
        run.dispose();
        const expected = join(folder, name, 'step-6');
        if (exact) {
          const [ours, theirs] = await Promise.all([dir, expected].map(d => readFile(join(d, STATE))));
          assert.ok(ours.equals(theirs), 'states');
          assert.deepEqual(await history(dir), await history(expected));
        } else {
          const error = await distance(join(dir, STATE), join(expected, STATE));
          assert.ok(error < 1e-4, `largest difference ${error}`);
        }
      }));
  }
});
