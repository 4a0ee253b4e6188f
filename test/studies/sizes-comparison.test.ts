import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { selectBackend } from '../../src/compute/backend';
import { compareSizes } from '../../src/studies';
import { tinyTask } from '../tasks/tiny-task';
import { temporaryFolder } from '../temporary-folder';

const place = temporaryFolder();
before(() => selectBackend({ backend: 'cpu' }));

test('sizes are compared on the queue that is asked for', async () => {
  const task = { ...tinyTask(), size: 'S', parameters: 1 };
  const options = { seeds: [0], images: 4, evaluations: [], n: 5, run: { batch: 4, engine: 'eager' as const } };
  const folders = { results: place('results'), generators: place('generators') };
  await assert.rejects(
    compareSizes([task], options, folders, { queue: 'redis://127.0.0.1:1' }),
    /queue: the task 'tiny' was not made by/, // only a queue asks how the task is made
  );
  assert.equal(task.measured.length, 0);
  task.dispose();
});
