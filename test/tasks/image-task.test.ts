import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { selectBackend } from '../../src/compute/backend';
import { dismissWorkers } from '../../src/compute/onnx';
import { type Dataset, indexRange, networkUnits, openDataset, trainingIndices } from '../../src/datasets';
import { evaluate, loadFeatures } from '../../src/evaluation';
import { datasetImages } from '../../src/evaluation/numbered-images';
import { pixelFeatures } from '../../src/features';
import { classStudy, compareMethods, compareTrained, samplingTimesStudy, teacherPoints } from '../../src/studies';
import { blockSeeds, type Draw, imageMetric, imageTask, type ImageTaskOptions, inMetric } from '../../src/tasks';
import { assertClose } from '../close';
import { writeIdxFolder } from '../datasets/files';
import { temporaryFolder } from '../temporary-folder';
import { CLASSES, type PaperFiles, writePaperFiles } from './paper-files';

const file = temporaryFolder();
const opened: Dataset[] = [];
let files: PaperFiles;
before(async () => {
  await selectBackend({ backend: 'wasm' });
  files = await writePaperFiles(file('paper'));
});

after(async () => {
  for (const dataset of opened) await dataset.close?.();
});

const paperOptions = (more: ImageTaskOptions = {}): ImageTaskOptions => ({
  teacher: files.unconditional,
  data: files.data,
  others: '',
  features: [files.first, files.second],
  reference: 40,
  chunk: 16,
  ...more,
});

/** Opens a data set until the tests are over. */
const open = async (path: string): Promise<Dataset> => {
  const dataset = await openDataset(path);
  opened.push(dataset);
  return dataset;
};

/** Draws the stored images number 0, 1, ... of a file in their random order. */
const stored = async (path: string): Promise<Draw> => {
  const dataset = await open(path);
  return async ({ seeds }) => {
    const order = trainingIndices(dataset, { seed: 0, step: 0, batch: dataset.length });
    const { x } = await dataset.batch(seeds.map(seed => order[seed % 2 ** 20]));
    return { data: networkUnits(x), n: seeds.length, shape: dataset.sampleShape };
  };
};

describe("a task made of the paper's kinds of files", () => {
  test('measures as evaluate does, in every feature network, in chunks or at once', async () => {
    const task = await imageTask(paperOptions());
    assert.deepEqual([task.name, task.metric, task.alsoMetrics], ['data', 'Fréchet distance (first)', ['Fréchet distance (second)']]); // prettier-ignore
    assert.equal(task.teacher.denoiser.classes, 0);
    assert.deepEqual(Object.keys(task.times), ['1', '2', '4', '6']);
    const draw = await stored(files.others.replace('others', 'data'));
    const result = await task.measure(draw, { n: 20, block: 0 });
    assert.deepEqual([result.n, result.nReference, result.nFloor], [20, 40, undefined]);

    const dataset = await open(files.data);
    for (const [k, name] of [files.first, files.second].entries()) {
      const extractor = await loadFeatures(name);
      const [whole] = await evaluate({
        images: datasetImages(dataset, { shuffled: true }),
        reference: dataset,
        nReference: 40,
        extractor,
        metrics: ['fd'],
        n: 20,
        blocks: 1,
      });
      const ours = k === 0 ? result : inMetric([result], task.alsoMetrics![0])[0];
      assertClose(ours.value, whole.value, 1e-6 * whole.value, name);
      assertClose(ours.floor, whole.floor!, 1e-6 * whole.floor!, `${name}, floor`);
      await extractor.dispose();
    }
    const atOnce = await imageTask(paperOptions({ chunk: 500 }));
    assertClose((await atOnce.measure(draw, { n: 20, block: 0 })).value, result.value, 1e-9 * result.value);
    await atOnce.dispose();
    await task.dispose();
  });

  test('the floor is of other images: those left, another file, or all there are where they are few', async () => {
    const floors: number[] = [];
    const identities = new Set<string>();
    for (const more of [{}, { others: files.others }, { others: files.others, reference: 60 }]) {
      const task = await imageTask(paperOptions(more));
      const draw = await stored(files.data);
      const { floor, nFloor } = await task.measure(draw, { n: 40, block: 0 });
      assert.equal(nFloor, 'others' in more ? 30 : 20);
      floors.push(floor);
      identities.add(JSON.stringify(task.identity));
      await task.dispose();
    }
    assert.equal(new Set(floors).size, 3);
    assert.equal(identities.size, 3, 'the floor is a part of every result');
    await assert.rejects(imageTask(paperOptions({ reference: 59 })), /others of 'data' are left for the floor, got 59/);
    await assert.rejects(imageTask(paperOptions({ reference: 61 })), /at most the 60 images of 'data', got 61/);
  });

  test('statistics of real images are made once, and kept in a folder', async () => {
    const cache = file('real');
    const told: string[] = [];
    const openTask = () =>
      imageTask(paperOptions(), { cache, onImages: (done, total, name) => told.push(`${name} ${done}/${total}`) });
    const first = await openTask();
    const draw = await stored(files.data);
    const before = await first.measure(draw, { n: 10, block: 1 });
    await first.dispose();
    assert.deepEqual(told.slice(-1), ['second 40/40']);
    assert.equal(readdirSync(cache).length, 4); // reference and floor in two networks; no chunks
    told.length = 0;
    const second = await openTask();
    assert.deepEqual(await second.measure(draw, { n: 10, block: 1 }), before);
    assert.deepEqual(told, []);
    await second.dispose();
  });

  test('stopped, a measurement throws the reason; a network that diverged is named by its seed', async () => {
    const task = await imageTask(paperOptions({ features: [files.first] }));
    const stop = new AbortController();
    const draw: Draw = ({ seeds, signal }) => {
      assert.equal(signal, stop.signal);
      stop.abort(new Error('enough'));
      return Promise.resolve({ data: new Float32Array(seeds.length * 192), n: seeds.length, shape: [8, 8, 3] });
    };
    await assert.rejects(task.measure(draw, { n: 40, block: 0, signal: stop.signal }), /enough/);
    const bad: Draw = ({ seeds }) => {
      const data = new Float32Array(seeds.length * 192);
      data[192 * 3 + 5] = NaN;
      return Promise.resolve({ data, n: seeds.length, shape: [8, 8, 3] });
    };
    const seed = blockSeeds(4, 2)[3];
    await assert.rejects(
      task.measure(bad, { n: 4, block: 2 }),
      new RegExp(`sample of seed ${seed} must be made of fin`),
    );
    await task.dispose();
  });

  test('what does not fit is refused before any work, and nothing stays open', async () => {
    const tensors = tf.memory().numTensors;
    await assert.rejects(
      imageTask({ teacher: 'digits', data: files.data }),
      /samples of 'data'.* of shape \[16, 16, 1\]/,
    );
    await assert.rejects(imageTask(paperOptions({ features: [] })), /features must be at least one network/);
    await assert.rejects(imageTask(paperOptions({ dropout: 2 })), /dropout must be .* at most 1/);
    await assert.rejects(imageTask(paperOptions({ teacher: 'nowhere.pkl' })), /'nowhere\.pkl'/);
    await assert.rejects(imageTask(paperOptions({ features: ['incepton'] })), /Did you mean 'inception'/);
    await assert.rejects(imageTask({ teachers: 'digits' } as ImageTaskOptions), /unknown .*'teachers'.*'teacher'/);
    assert.equal(tf.memory().numTensors, tensors);
  });

  test('goes through the comparison of methods (Table 1) and the search for times with one teacher file', async () => {
    const tensors = tf.memory().numTensors;
    const task = await imageTask(paperOptions());
    const options = {
      methods: ['cosim', 'sid', 'moments4'],
      seeds: [0],
      evaluateAt: [4],
      slowEvaluateAt: [4],
      evaluations: [3],
      n: 12,
      run: { batch: 4, accumulationRounds: 2, beta2: 0.99, eps: 1e-12, engine: 'eager' as const },
    };
    const points = [
      ...(await compareMethods(task, options, file('methods'))),
      ...(await teacherPoints(task, options, file('methods'))),
    ];
    assert.deepEqual(
      points.map(({ method, nfe }) => `${method} ${nfe}`),
      ['CoSIM 1', 'CoSIM 2', 'CoSIM 4', 'CoSIM 6', 'SiD 1', 'Moment Matching 4', 'teacher 3'],
    );
    for (const { value, also } of points) assert.ok(value > 0 && also!['Fréchet distance (second)'].value > 0);
    const study = await samplingTimesStudy(
      task,
      {
        method: { kind: 'cosim' as const },
        run: options.run,
        images: 4,
        seeds: [0],
        steps: [2, 6],
        scales: [0.5, 1],
        rounds: 1,
        searchN: 8,
        n: 8,
        blocks: 1,
      },
      { folder: file('times'), generators: file('generators') },
    );
    assert.ok(study.points.every(({ task: name }) => name === 'data'));
    await task.dispose();
    dismissWorkers();
    assert.equal(tf.memory().numTensors, tensors);
  });

  test('goes through the conditional experiment (Table 3): classes of the teacher, dropout of the student alone', async () => {
    const task = await imageTask(
      paperOptions({ teacher: files.conditional, others: files.others, dropout: 0.1, reference: 60 }),
    );
    assert.deepEqual([task.teacher.denoiser.classes, task.start.denoiser.config.dropout], [CLASSES, 0.1]);
    const options = {
      method: { kind: 'cosim' as const, alpha: 1.2, coef: 1, R: 8 },
      run: { batch: 4, engine: 'eager' as const },
      images: 4,
      seeds: [0, 1],
      steps: [1, 2],
      evaluations: [3],
      n: 10,
    };
    const folders = { results: file('conditional'), generators: file('generators') };
    const told: string[] = [];
    const points = await compareTrained(task, options, folders, { onProgress: (_d, _t, label) => told.push(label) });
    assert.deepEqual(
      points.map(({ series, steps, seed }) => [series, steps, seed]),
      [
        ...[0, 1].flatMap(seed => [1, 2].map(steps => ['CoSIM', steps, seed])),
        ...[0, 1].map(seed => ['teacher', 3, seed]),
      ],
    );
    assert.ok(points.every(({ accuracy }) => accuracy! >= 0 && accuracy! <= 1));
    assert.ok(told.includes('seed 1: measuring') && existsSync(file('generators')));
    told.length = 0;
    assert.deepEqual(await compareTrained(task, options, folders, { onProgress: (_d, _t, label) => told.push(label) }), points); // prettier-ignore
    assert.deepEqual(told, ['seed 0', 'seed 1', 'teacher, NFE 3']);

    const contender = { series: 'teacher' as const, steps: 3, seed: 0, draw: await stored(files.data) };
    const study = { real: task.others, classifier: task.extractors[0], classes: [0, 3], perClass: 5 };
    const classes = await classStudy([contender], study);
    assert.deepEqual(classes.map(({ label, n }) => [label, n]), [[0, 5], [3, 5]]); // prettier-ignore
    await assert.rejects(classStudy([contender], { ...study, perClass: 7 }), /at most what 'others' has of each of the classes, got 7/); // prettier-ignore
    await assert.rejects(classStudy([contender], { ...study, classes: [5] }), /classes must be an integer .* 4/);
    const digits = await loadFeatures('digits');
    await assert.rejects(classStudy([contender], { ...study, classifier: digits }), /names the 5 classes of 'others'/);
    await digits.dispose();
    await task.dispose();
  });
});

test('accuracy is taken only where the network names the classes that are drawn', async () => {
  const task = await imageTask(paperOptions({ features: [files.first] }));
  assert.equal((await task.measure(await stored(files.data), { n: 10, block: 0 })).accuracy, undefined);
  await task.dispose();
});

test('real images are in a random order that is always the same, and the distance of a set to itself is 0', async () => {
  const dataset = await open(files.data);
  const images = datasetImages(dataset, { shuffled: true });
  const extractor = await loadFeatures(files.first);
  const { features } = await extractor.extract(await images.images(indexRange(60)));
  const { features: plain } = await extractor.extract(await datasetImages(dataset).images(indexRange(60)));
  assert.notDeepEqual(features.data.slice(0, 8), plain.data.slice(0, 8));
  const task = await imageTask(paperOptions({ features: [files.first], reference: 40 }));
  const { value, floor } = await task.measure(await stored(files.data), { n: 40, block: 0 });
  assert.ok(value < 1e-6 * floor, `${value}`);
  await extractor.dispose();
  await task.dispose();
});

test('grey images larger than the drawn digits are measured as they are, real and drawn alike', async () => {
  writeIdxFolder(file('mnist'), 40);
  const dataset = await open(file('mnist'));
  const source = datasetImages(dataset, { shuffled: true });
  const measuring = await imageMetric({
    real: { reference: source, nReference: 20, others: source, firstOther: 20 },
    extractors: [pixelFeatures({ side: 4, channels: 1 })],
    classes: 0,
  });
  const { value, floor } = await measuring.measure(await stored(file('mnist')), { n: 20, block: 0 });
  assert.ok(value < 1e-6 * floor, `${value}, floor ${floor}`);
});
