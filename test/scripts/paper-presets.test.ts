import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ModuleKind, ScriptTarget, transpileModule } from 'typescript';
import { codeCells, findNotebooks, joinText, readNotebook } from '../../scripts/notebook/notebook-file';
import { notebooksFolder } from '../../scripts/project';
import { params, presetRows } from '../../src/notebook';
import { paperPreset, type PaperPresetName } from '../../src/training';

/** The values of a notebook with the `paper` preset, from its cell of parameters. */
const paperValues = (name: string): Record<string, unknown> => {
  const [path] = findNotebooks(notebooksFolder, [name]);
  const cells = codeCells(readNotebook(path)).map(({ cell }) => cell);
  const source = joinText(cells.find(({ metadata }) => metadata.tags?.includes('parameters'))!.source);
  const { outputText } = transpileModule(source, { compilerOptions: { target: ScriptTarget.ES2022, module: ModuleKind.CommonJS } }); // prettier-ignore
  process.env.COSIM_PRESET = 'paper';
  const quiet = { params, presetRows, table: () => undefined, show: () => undefined };
  // eslint-disable-next-line @typescript-eslint/no-implied-eval, @typescript-eslint/no-unsafe-call
  return new Function('cosim', `${outputText}; return p;`)(quiet) as Record<string, unknown>;
};

const fromTable5 = (name: PaperPresetName): Record<string, unknown> => {
  const { teacher, generator, run } = paperPreset(name);
  const { batch, accumulationRounds: rounds, learningRate, emaHalflife, beta2, eps } = run;
  return { teacher, dropout: generator.config.dropout, batch, rounds, learningRate, emaHalflife, beta2, eps };
};

const own = (values: Record<string, unknown>, keys: readonly string[]): Record<string, unknown> =>
  Object.fromEntries(keys.map(key => [key, values[key]]));

/** Teachers' files are named after their network, EDM2's with images and width of the average too. */
const network = (file: unknown): string => String(file).replace(/(-\d+-[\d.]+)?\.pkl$/, '');

for (const [notebook, preset] of [
  ['02', 'imagenet64'],
  ['03', 'img512-l'],
  ['05', 'cifar10-uncond'],
  ['06', 'imagenet64'],
  ['09', 'cifar10-uncond'],
] as const)
  test(`the paper preset of notebook ${notebook} is the column ${preset} of Table 5, measured as the paper measures`, () => {
    const values = paperValues(notebook);
    const wanted = fromTable5(preset);
    assert.deepEqual({ ...own(values, Object.keys(wanted)), teacher: network(values.teacher) }, wanted);
    const { method, images } = paperPreset(preset);
    if (method.kind !== 'cosim') throw new Error(method.kind);
    assert.equal(values.alpha ?? method.alpha, method.alpha);
    if ('R' in values) assert.equal(values.R, method.R);
    if (notebook === '03')
      assert.deepEqual(values.images, [204_800, 1_024_000, 2_048_000, 4_096_000]); // Table 6
    else assert.equal([values.images].flat().at(-1), images);
    assert.equal(values.n, 50_000);
    assert.deepEqual(values.features, notebook === '03' ? ['dinov2'] : ['inception', 'dinov2']);
  });

test('the paper preset of notebook 07 is the three columns of EDM2', () => {
  const { teachers, table5, dropout } = paperValues('07') as Record<string, string[]>;
  assert.deepEqual(teachers.map(network), table5.map(name => paperPreset(name as PaperPresetName).teacher)); // prettier-ignore
  assert.deepEqual(dropout, table5.map(name => paperPreset(name as PaperPresetName).generator.config.dropout)); // prettier-ignore
});
