import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { CheckpointError } from '../../src/checkpoints';
import { selectBackend } from '../../src/compute/backend';
import { ArgumentError } from '../../src/compute/check';
import type { Dataset } from '../../src/datasets';
import { cosim, type Method } from '../../src/methods';
import { readRunJson, Run } from '../../src/training';
import { withFolder } from '../temporary-folder';
import { tinyImageNet, tinyImages, tinyMlp, tinyPoints } from '../tiny';
import { startRun } from './runs';

before(() => selectBackend({ backend: 'cpu' }));

type Path = readonly string[];
type Json = Record<string, unknown>;

const pathsOf = (value: unknown, path: Path = []): Path[] =>
  typeof value === 'object' && value !== null && path.length < 4
    ? Object.keys(value).flatMap(key => [[...path, key], ...pathsOf((value as Json)[key], [...path, key])])
    : [];

const DELETED = Symbol('deleted');
const HOSTILE = [null, -1, 1.5, 1e9, 'x', [], {}, '__proto__', DELETED];

/** A copy with one value replaced, or its key left out. */
const edited = (json: object, path: Path, value: unknown): object => {
  const copy = structuredClone(json);
  let inner = copy as Json;
  for (const key of path.slice(0, -1)) inner = inner[key] as Json;
  if (value === DELETED) delete inner[path.at(-1)!];
  else inner[path.at(-1)!] = value;
  return copy;
};

/** Runs `use` with the folder of a checkpoint and its run.json. */
const saved = (start: () => Run, use: (folder: string, json: object) => Promise<void>): Promise<void> =>
  withFolder(async dir => {
    const run = start();
    run.setTimes([80, 1.4]);
    await run.train({ images: run.options.batch, dir });
    run.dispose();
    const folder = join(dir, '00000001');
    await use(folder, JSON.parse(readFileSync(join(folder, 'run.json'), 'utf8')) as object);
  });

/** Fields whose value may be another one within its range: nothing but the checksum tells that it was edited. */
const MAY_BE: Record<string, (value: unknown) => boolean> = {
  'denoisers.theta.sigmaData': value => (value as number) > 0 || value === DELETED,
  'method.alpha': value => (value as number) > 0,
  'method.coef': value => (value as number) > 0,
  'method.delta': value => (value as number) > 0,
  'method.sigmaData': value => (value as number) > 0,
  'method.range.sigmaMin': value => value === 1.5,
  'method.range.sigmaMax': value => (value as number) > 0.002,
  'method.range.rho': value => (value as number) > 0,
  'options.learningRate': value => (value as number) > 0,
  'options.warmup': value => (value as number) >= 0,
  'options.eps': value => (value as number) > 0,
  'options.emaHalflife': value => (value as number) >= 0,
  'options.emaRampup': value => (value as number) >= 0,
  'options.seed': value => value === 1e9,
  'options.maxBadSteps': value => value === 1e9,
  'options.devices': value => value === DELETED,
  'options.precision': value => value === DELETED,
  'dataset.name': value => typeof value === 'string',
  'dataset.provenance': value => JSON.stringify(value) === '{}',
  'dataset.provenance.seed': value => value === DELETED || typeof value === 'number' || typeof value === 'string',
  times: value => value === DELETED || JSON.stringify(value) === '{}',
  'times.2': value => value === DELETED,
  'times.2.0': value => value === 1.5 || value === 1e9,
  'times.2.1': value => value === 1.5,
  'denoisers.theta.filter.0': value => value === 1.5,
  'denoisers.theta.filter.1': value => value === 1.5,
};

/** Loads all of a run, as one of an earlier version without checksums. */
const loadWhole = async (folder: string, dataset: Dataset): Promise<void> => {
  await rm(join(folder, 'checksums.json'), { force: true });
  (await Run.load(join(folder, '..'), { dataset })).dispose();
};

describe('every value of run.json, replaced by each of nine hostile ones or left out', () => {
  for (const [name, start, dataset] of [
    ['an MLP', () => startRun(tinyMlp(), tinyPoints), tinyPoints],
    ['a conditional DDPM++', () => startRun(tinyImageNet(), tinyImages, { batch: 2 }), tinyImages],
  ] as const)
    test(`is refused with the field's name, or within its range: ${name}`, () =>
      saved(start, async (folder, json) => {
        let count = 0;
        for (const path of pathsOf(json))
          for (const value of HOSTILE) {
            count++;
            const name = path.join('.');
            await writeFile(join(folder, 'run.json'), JSON.stringify(edited(json, path, value)));
            const error: unknown = await readRunJson(folder)
              .then(() => (path[1] === 'theta' ? loadWhole(folder, dataset) : undefined)) // the file of its tensors tells
              .catch((e: unknown) => e);
            const what = `${name} = ${value === DELETED ? 'deleted' : JSON.stringify(value)}: ${String(error)}`;
            if (error === undefined) assert.ok(MAY_BE[name]?.(value), what);
            else if (error instanceof ArgumentError) assert.match(error.message, /theta.*parameters do not fit/, what);
            else assert.ok(error instanceof CheckpointError && error.message.includes('run.json: '), what);
            if (error instanceof CheckpointError && path[0] !== 'format')
              assert.ok(
                [path[0], path.at(-1)!, 'images'].some(part => error.message.includes(part)),
                what,
              ); // images = step x batch
          }
        assert.ok(count > 500, String(count));
      }));

  test('the errors name what was found', () =>
    saved(
      () => startRun(tinyMlp(), tinyPoints),
      async (folder, json) => {
        const cases: [path: string, value: unknown, message: RegExp][] = [
          ['options.learningRate', null, /run\.json: options\.learningRate: .*expected number, .*got null/],
          ['options.learningRate', -1, /run\.json: options: .*learningRate must be a finite number above 0, got -1/],
          ['step', '7', /run\.json: step: .*got "7"/],
          ['step', -5, /run\.json: step: .*got -5/],
          ['options.engine', 'evil', /run\.json: options: .*engine must be one of .*got 'evil'/],
          ['options.batch', 'x', /run\.json: options\.batch: .*got "x"/],
          ['options.accumulationRounds', 7, /accumulationRounds must be a divisor of the batch 4, got 7/],
          ['images', null, /run\.json: images: .*got null/],
          ['images', 8, /images must be step x batch, 4, got 8/],
          ['denoisers.phi.blocks', 1e9, /run\.json: denoisers\.phi\.blocks: .*got 1000000000/],
          ['method.coef', DELETED, /run\.json: method\.coef is missing/],
          ['denoisers.psi.width', 16, /run\.json: denoisers\.psi\.width is missing, or not what/],
          ['times.2', [1, 80], /run\.json: times\.2: .*decreasing/],
        ];
        for (const [path, value, message] of cases) {
          await writeFile(join(folder, 'run.json'), JSON.stringify(edited(json, path.split('.'), value)));
          await assert.rejects(readRunJson(folder), { name: 'CheckpointError', code: 'format', message });
        }
      },
    ));
});

test('a history that is not the one of the run is refused by file and line', () =>
  withFolder(async dir => {
    const run = startRun(tinyMlp(), tinyPoints);
    await run.train({ images: 12, dir });
    run.dispose();
    const folder = join(dir, '00000003');
    await rm(join(folder, 'checksums.json'));
    const path = join(folder, 'history.jsonl');
    const lines = (await readFile(path, 'utf8')).trim().split('\n');
    const cases: [lines: string[], message: RegExp][] = [
      [lines.slice(1), /history\.jsonl, line 1: not the report of step 1/],
      [lines.slice(0, 2), /history\.jsonl: 2 reports, and the run has done 3 steps/],
      [[...lines, lines[2]], /line 4: not the report of step 4/],
      [[lines[0], 'null', lines[2]], /line 2: .*got null/],
      [[lines[0], lines[1].replace(/"psiLoss":[^,]+/, '"psiLoss":"much"'), lines[2]], /line 2: psiLoss: .*got "much"/],
      [[lines[0], lines[1], '{"step":3'], /history\.jsonl: damaged/],
      [['', '', ''], /0 reports/],
    ];
    for (const [changed, message] of cases) {
      await writeFile(path, changed.join('\n'));
      await assert.rejects(Run.load(dir, { dataset: tinyPoints }), { name: 'CheckpointError', message });
    }
    await mkdir(join(dir, '00000009'));
    await writeFile(join(dir, '00000009', 'run.json'), await readFile(join(folder, 'run.json')));
    await assert.rejects(readRunJson(join(dir, '00000009')), /step: the folder is of step 9, got 3/);
  }));

test('what a checkpoint cannot hold is refused before training, not when it is read', () => {
  const [denoiser, start] = [
    tinyMlp(),
    (method: Method, dataset = tinyPoints) =>
      () =>
        Run.start(method, {}, dataset),
  ];
  assert.throws(start(cosim(denoiser, denoiser, { range: { sigmaMin: 0.002, sigmaMax: 1e6, rho: 7 } })), {
    name: 'ArgumentError',
    message: /^run: method\.range: expected numbers below 1000000, got/,
  });
  const dataset = { ...tinyPoints, provenance: { seed: NaN } };
  assert.throws(start(cosim(denoiser, denoiser), dataset), /^ArgumentError: run: dataset\.provenance\.seed: /);
});
