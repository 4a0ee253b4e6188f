import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { selectBackend } from '../../src/compute/backend';
import type { Device, HostData } from '../../src/compute/xla/device';
import { alive, type PjrtDevice } from '../../src/compute/xla/pjrt';
import { useDevice } from '../../src/compute/xla/shared-device';
import type { Dataset } from '../../src/datasets';
import { edmDenoiser, mlp } from '../../src/networks';
import type { RunOptions } from '../../src/training';
import { openCpuDevice } from '../compute/xla/pjrt/cpu-plugin';
import { snapshot, startRun } from './runs';

const [LENGTH, SIZE, BATCH] = [37, 20, 8];

/** Samples with labels: bytes, or numbers that no byte stands for; every byte occurs. */
const stored = (bytes: boolean): Dataset => ({
  name: 'stored',
  sampleShape: [SIZE],
  classes: 3,
  length: LENGTH,
  provenance: {},
  batch: indices => {
    const values = indices.flatMap(i => Array.from({ length: SIZE }, (_, k) => (i * SIZE + k) % 256));
    const x = bytes ? Uint8Array.from(values) : Float32Array.from(values, v => Math.sin(v));
    return Promise.resolve({ x, labels: Int32Array.from(indices, i => i % 3) });
  },
});

const denoiser = edmDenoiser(mlp({ dimensions: SIZE, width: 8, blocks: 1, classes: 3 }));

let device: PjrtDevice;
/** The device with what it is sent. */
const watched = (limit?: number): { device: Device; sent: HostData[] } => {
  const sent: HostData[] = [];
  const upload: Device['upload'] = (data, shape, index) => {
    sent.push(data);
    return device.upload(data, shape, index);
  };
  return { sent, device: { ...device, upload, ...(limit !== undefined && { limit }) } };
};

before(async () => {
  await selectBackend({ backend: 'wasm' });
  device = await openCpuDevice();
});
after(() => {
  useDevice(undefined);
  device.dispose();
});

const train = async (on: Device, dataset: Dataset, options: Partial<RunOptions>): Promise<object> => {
  useDevice(on);
  const run = startRun(denoiser, dataset, { batch: BATCH, engine: 'xla', ...options });
  await run.train({ images: 6 * BATCH }); // over the end of an epoch
  const result = await snapshot(run);
  run.dispose();
  return result;
};

describe('a data set on the device', () => {
  for (const bytes of [true, false])
    for (const options of [{}, { devices: 2, accumulationRounds: 2 }])
      test(`of ${bytes ? 'bytes' : 'floats'} trains to the same bits as samples that are uploaded, ${JSON.stringify(options)}`, async () => {
        const before = { ...alive };
        const held = await train(device, stored(bytes), options);
        const uploaded = await train(watched(1).device, stored(bytes), options); // nothing fits into a byte
        assert.deepEqual(held, uploaded);
        assert.deepEqual(alive, before);
      });

  test('is sent once; a step then sends its words alone', async () => {
    const { device: on, sent } = watched();
    await train(on, stored(true), {});
    const [whole, labels] = [sent.filter(x => x instanceof Uint8Array), sent.filter(x => x instanceof Int32Array)];
    assert.deepEqual([whole.map(x => x.length), labels.map(x => x.length)], [[LENGTH * SIZE], [LENGTH]]);
    const steps = sent.filter(x => x instanceof Uint32Array);
    assert.equal(steps.length, 12, 'two updates an iteration');
    assert.ok(steps.every(x => x.length < BATCH * SIZE));
    assert.equal(sent.filter(x => x instanceof Float32Array && x.length === BATCH * SIZE).length, 0);
  });

  test('that does not fit is sent sample by sample, the next part before it is needed', async () => {
    const { device: on, sent } = watched(1);
    await train(on, stored(true), {});
    const order = sent
      .map(x => (x instanceof Uint32Array ? 'words' : x.length === BATCH * SIZE ? 'samples' : ''))
      .filter(Boolean);
    const words = order.flatMap((what, i) => (what === 'words' ? [i] : []));
    const early = words
      .slice(1)
      .filter(at => order.slice(0, at).filter(x => x === 'samples').length > words.indexOf(at));
    assert.ok(early.length > 0, order.join(' '));
  });
});
