import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { test } from 'node:test';
import { writeKept } from '../../src/checkpoints';
import type { Picture } from '../../src/figures';
import { beginMaking, type MadeBy } from '../../src/provenance';
import { configHash, keepFigure, sweep } from '../../src/studies';
import { withFolder } from '../temporary-folder';

const SWEEP = join(__dirname, '..', '..', 'src', 'studies', 'sweep.ts');
const FIGURES = join(__dirname, '..', '..', 'figures');
const picture: Picture = { title: 'A picture', png: Buffer.from('png') };

/** Runs `use` with an empty folder and the preset whose figures go there. */
const withPreset = (use: (folder: string, preset: string) => Promise<void>): Promise<void> =>
  withFolder(folder => use(folder, relative(FIGURES, folder)));

type Stored = { provenance: { madeBy: MadeBy[]; interrupted?: boolean }; numbers: { madeBy: number[] }[] };

const storedIn = (...path: string[]): Stored => JSON.parse(readFileSync(join(...path), 'utf8')) as Stored;

const swept = (folder: string, xs: readonly number[], last = Infinity) =>
  sweep({
    configs: xs.map(x => ({ x })),
    folder: join(folder, 'cache'),
    code: SWEEP,
    evaluate: ({ x }) => Promise.resolve(x > last ? undefined : [{ value: x }]),
  });

test('a result that other code has computed is drawn as its result, and the notebook says so', () =>
  withPreset(async (folder, preset) => {
    const today = beginMaking(SWEEP)();
    const old: MadeBy = { ...today, commit: '0ld', code: '0000000000000000', date: '2020-01-01T00:00:00.000Z' };
    await swept(folder, [1]);
    const path = join(folder, 'cache', `${configHash({ x: 1 })}.json`);
    await writeKept(path, { x: 1 }, { result: [{ value: 1 }], madeBy: [old] });

    const [entry, added] = await swept(folder, [1, 2]);
    assert.deepEqual([entry.cached, entry.stale, added.cached, added.stale], [true, true, false, false]);
    const rows = [entry, added].flatMap(({ result }) => result);
    const figure = await keepFigure('quality', picture, rows, { preset, seeds: [0] });
    assert.match(figure.note!, /computed by other code: 0ld; --fresh computes it again/);
    const { provenance, numbers } = storedIn(folder, 'quality.json');
    assert.deepEqual(provenance.madeBy.map(({ commit }) => commit), ['0ld', today.commit]); // prettier-ignore
    assert.deepEqual(provenance.madeBy[0].date, old.date, 'the time of computing, not of drawing');
    assert.deepEqual(numbers.map(({ madeBy }) => madeBy), [[0], [1]]); // prettier-ignore
  }));

test('a figure of a stopped study, of a stopped training or of other data leaves a measured one as it is', () =>
  withPreset(async (folder, preset) => {
    const made = { preset, seeds: [0] };
    const rowsOf = (entries: Awaited<ReturnType<typeof swept>>) => entries.flatMap(({ result }) => result);
    await keepFigure('quality', picture, rowsOf(await swept(folder, [1, 2])), made);
    const measured = readFileSync(join(folder, 'quality.json'), 'utf8');

    const stopped = await keepFigure('quality', picture, rowsOf(await swept(folder, [1, 2, 3], 2)), made);
    assert.match(stopped.note!, /interrupted: not all of the study is there/);
    assert.equal(storedIn(folder, 'interrupted', 'quality.json').provenance.interrupted, true);

    const early = await keepFigure('samples', picture, [{ value: 1 }], { ...made, interruptedAt: 145_920 });
    assert.match(early.note!, /interrupted after 145,920 training images/);

    const other = await keepFigure('quality', picture, [{ value: 1 }], { ...made, fallback: 'digits' });
    assert.match(other.note!, /made with digits: the data that it is meant for are not here/);

    assert.equal(readFileSync(join(folder, 'quality.json'), 'utf8'), measured);
    assert.deepEqual(readdirSync(folder).sort(), ['cache', 'fallback-digits', 'interrupted', 'quality.json', 'quality.png']); // prettier-ignore
    assert.deepEqual(readdirSync(join(folder, 'interrupted')).sort(), ['quality.json', 'quality.png', 'samples.json', 'samples.png']); // prettier-ignore
  }));
