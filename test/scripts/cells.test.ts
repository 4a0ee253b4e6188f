import assert from 'node:assert/strict';
import { test } from 'node:test';
import { codeCells, findNotebooks, joinText, notebookName, readNotebook } from '../../scripts/notebook/notebook-file';
import { notebooksFolder } from '../../scripts/project';

/** The code cells of all notebooks, as lines. */
const cells = findNotebooks(notebooksFolder, []).flatMap(path =>
  codeCells(readNotebook(path)).map(({ cell, index }) => {
    const lines = joinText(cell.source).split('\n');
    const parameters = cell.metadata.tags?.includes('parameters') ?? false;
    return { at: `${notebookName(path)}, cell ${index + 1}`, notebook: notebookName(path), lines, parameters };
  }),
);

const withLine = (wrong: RegExp): string[] =>
  cells.flatMap(({ at, lines }) => lines.filter(line => wrong.test(line)).map(line => `${at}: ${line}`));

test('a cell is read at a glance: mostly up to 10 lines, never more than 16, none wider than 100 characters', () => {
  const counts = cells.map(({ lines }) => lines.length).sort((a, b) => a - b);
  assert.deepEqual(cells.filter(({ lines }) => lines.length > 16).map(({ at }) => at), []); // prettier-ignore
  assert.ok(counts[Math.floor(counts.length / 2)] <= 6);
  assert.ok(counts.filter(count => count > 10).length <= counts.length / 10);
  assert.deepEqual(withLine(/^.{101}/), []);
});

test('every notebook has one cell of parameters, of at most 8 lines', () => {
  const own = cells.filter(({ parameters }) => parameters);
  const notebooks = [...new Set(cells.map(({ notebook }) => notebook))];
  assert.deepEqual(own.map(({ notebook }) => notebook), notebooks); // prettier-ignore
  assert.deepEqual(own.filter(({ lines }) => lines.length > 8).map(({ at }) => at), []); // prettier-ignore
});

test('objects are written as in any other code: no `x: x`, no spread of a literal', () => {
  assert.deepEqual(withLine(/(?<![\w$.'])(\w+): \1(?=\s*[,}])/), []);
  assert.deepEqual(withLine(/\.\.\.\{/), []);
});
