import assert from 'node:assert/strict';
import { cp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { loadTensors, lockFolder, saveTensors } from '../../src/checkpoints';
import { selectBackend } from '../../src/compute/backend';
import type { Dataset } from '../../src/datasets';
import type { Denoiser } from '../../src/networks';
import { Run } from '../../src/training';
import { TESTED_BACKENDS } from '../golden';
import { withFolder } from '../temporary-folder';
import { noiseData, tinyEdm2, tinyImageNet, tinyImages, tinyMlp, tinyPoints } from '../tiny';
import { snapshot, startRun } from './runs';

const cases: {
  name: string;
  denoiser: () => Denoiser;
  dataset: Dataset;
  steps: number;
  batch: number;
  beta1: number;
}[] = [
  { name: 'an MLP', denoiser: tinyMlp, dataset: tinyPoints, steps: 16, batch: 4, beta1: 0 },
  {
    name: 'a conditional DDPM++ with dropout',
    denoiser: tinyImageNet,
    dataset: tinyImages,
    steps: 4,
    batch: 2,
    beta1: 0.9,
  },
  {
    name: 'EDM2, whose frequencies are constants among its parameters',
    denoiser: tinyEdm2,
    dataset: tinyImages,
    steps: 4,
    batch: 2,
    beta1: 0.9,
  },
];

for (const backend of TESTED_BACKENDS)
  for (const { name, denoiser, dataset, steps, batch, beta1 } of cases)
    describe(`a run of ${name} on ${backend}`, () => {
      const start = () => startRun(denoiser(), dataset, { beta1, batch });

      test('saved and loaded after steps 1, 2, half and last - 1, it goes on bit for bit as if never stopped', async () => {
        await selectBackend({ backend });
        const whole = start();
        await whole.train({ images: steps * batch });
        const expected = await snapshot(whole);
        await withFolder(async dir => {
          let run = start();
          for (const stop of [1, 2, steps / 2, steps - 1]) {
            assert.equal(await run.train({ images: stop * batch, dir }), 'done');
            run.dispose();
            run = await Run.load(dir, { dataset });
            assert.equal(run.step, stop);
          }
          await run.train({ images: steps * batch, dir });
          assert.deepEqual(await snapshot(run), expected);
          // the moments too: the stored states are the same file, byte for byte
          await whole.save(join(dir, 'whole'));
          const name = String(steps).padStart(8, '0');
          const [a, b] = await Promise.all(
            [dir, join(dir, 'whole')].map(d => readFile(join(d, name, 'state.safetensors'))),
          );
          assert.ok(a.equals(b), 'states');
          run.dispose();
        });
        whole.dispose();
      });
    });

describe('stopping', () => {
  test('a run that is aborted is saved where it stands; going on, in memory or from disk, is as if never stopped', async () => {
    await selectBackend({ backend: 'cpu' });
    const images = 40;
    const whole = startRun(tinyMlp(), tinyPoints);
    await whole.train({ images });
    const expected = await snapshot(whole);
    await withFolder(async dir => {
      const run = startRun(tinyMlp(), tinyPoints);
      const stop = new AbortController();
      const onStep = ({ step }: { step: number }) => void (step === 3 && stop.abort());
      assert.equal(await run.train({ images, dir, signal: stop.signal, onStep }), 'aborted');
      assert.equal(run.step, 3);
      const loaded = await Run.load(dir, { dataset: tinyPoints });
      for (const each of [run, loaded]) {
        assert.equal(await each.train({ images }), 'done');
        assert.deepEqual(await snapshot(each), expected);
      }
    });
  });

  test('checkpoints are written every saveEvery images and the two newest kept', () =>
    withFolder(async dir => {
      await selectBackend({ backend: 'cpu' });
      const run = startRun(tinyMlp(), tinyPoints);
      await run.train({ images: 28, dir, saveEvery: 8 });
      assert.deepEqual((await readdir(dir)).sort(), ['00000006', '00000007']);
    }));

  test('metrics that are not finite come back as they were', () =>
    withFolder(async dir => {
      await selectBackend({ backend: 'cpu' });
      const bad: Dataset = {
        ...tinyPoints,
        batch: indices =>
          Promise.resolve({ x: new Float32Array(2 * indices.length).fill(1e30), labels: new Int32Array(0) }),
      };
      const run = startRun(tinyMlp(), bad);
      await run.train({ images: 8, dir });
      const loaded = await Run.load(dir, { dataset: bad });
      assert.ok(!Number.isFinite(run.history[0].psiLoss));
      assert.deepEqual(loaded.history, run.history);
    }));
});

describe('what cannot be resumed is refused', () => {
  const saved = (use: (dir: string, folder: string) => Promise<void>): Promise<void> =>
    withFolder(async dir => {
      await selectBackend({ backend: 'cpu' });
      const run = startRun(tinyMlp(), tinyPoints);
      await run.train({ images: 8, dir });
      run.dispose();
      await use(dir, join(dir, '00000002'));
    });
  const load = (dir: string) => Run.load(dir, { dataset: tinyPoints });

  test('another data set, by name or by what it was drawn from', () =>
    saved(async dir => {
      const others = [{ ...tinyPoints, name: 'other' }, { ...tinyPoints, provenance: { seed: 2 } }, noiseData([3])];
      for (const dataset of others.slice(0, 2))
        await assert.rejects(Run.load(dir, { dataset }), {
          name: 'ArgumentError',
          message: /the run was trained on .*the data set given is/,
        });
      await assert.rejects(Run.load(dir, { dataset: others[2] }), /of shape \[2\]/);
    }));

  test('a folder without a checkpoint, or none at all', () =>
    withFolder(async dir => {
      const missing = { name: 'CheckpointError', code: 'missing' };
      await assert.rejects(load(dir), missing);
      await assert.rejects(load(join(dir, 'nowhere')), missing);
    }));

  test('damaged, missing, foreign and incomplete files, each with its path', () =>
    saved(async (dir, folder) => {
      const broken = async (change: (folder: string) => Promise<unknown>, expected: object) => {
        const copy = `${dir}-broken`;
        await cp(dir, copy, { recursive: true });
        await change(join(copy, '00000002'));
        await assert.rejects(load(copy), expected).finally(() => rm(copy, { recursive: true }));
      };
      const state = (f: string) => join(f, 'state.safetensors');
      await broken(f => truncate(state(f), 200), { name: 'CheckpointError' });
      await broken(f => rm(state(f)), { name: 'CheckpointError', message: /00000002.*state\.safetensors/ });
      await broken(f => rm(join(f, 'run.json')), { name: 'CheckpointError', message: /00000002.*run\.json/ });
      await broken(f => writeFile(join(f, 'run.json'), '{"format":'), {
        name: 'CheckpointError',
        message: /run\.json/,
      });
      await broken(f => writeFile(join(f, 'run.json'), '{"format":"other"}'), {
        name: 'CheckpointError',
        code: 'format',
      });
      await broken(
        async f => {
          const { tensors } = await loadTensors(state(f));
          delete tensors['psi/model.in.weight'];
          await saveTensors(state(f), tensors);
          await rm(join(f, 'checksums.json')); // written by an older version, which had none
        },
        { message: /missing model\.in\.weight/ },
      );
      assert.equal((await load(dir)).step, 2, 'the original is untouched');
      assert.ok(folder.startsWith(dir));
    }));

  test('a file with another byte than was saved, by its name; without the sums, as earlier versions wrote, it is read', () =>
    saved(async (dir, folder) => {
      for (const name of ['history.jsonl', 'state.safetensors']) {
        const path = join(folder, name);
        const bytes = await readFile(path);
        const flipped = Buffer.from(bytes);
        flipped[flipped.length - 2] ^= 1;
        await writeFile(path, flipped);
        await assert.rejects(load(dir), { name: 'CheckpointError', code: 'checksum', message: new RegExp(name) });
        await writeFile(path, bytes);
      }
      await rm(join(folder, 'checksums.json'));
      assert.equal((await load(dir)).step, 2);
    }));

  test('a folder in which another run is training, and it is free again afterwards', () =>
    withFolder(async dir => {
      await selectBackend({ backend: 'cpu' });
      const run = startRun(tinyMlp(), tinyPoints);
      const lock = await lockFolder(dir);
      await assert.rejects(run.train({ images: 8, dir }), { name: 'CheckpointError', code: 'locked' });
      assert.equal(run.step, 0);
      await lock.release();
      const second = startRun(tinyMlp(), tinyPoints);
      await run.train({
        images: 8,
        dir,
        onStep: async () => assert.rejects(second.train({ images: 8, dir }), { code: 'locked' }),
      });
      await second.train({ images: 8, dir });
    }));
});
