import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { extractCells } from '../../scripts/notebook/check-cells';
import { cleanNotebook } from '../../scripts/notebook/clean';
import type { CellEnd, Execution } from '../../scripts/notebook/execute';
import {
  type Cell,
  findNotebooks,
  formatNotebook,
  type Notebook,
  type Output,
  splitText,
} from '../../scripts/notebook/notebook-file';
import { fromPercent, toPercent } from '../../scripts/notebook/percent';
import { outputProblems, runProblems } from '../../scripts/notebook/verdict';
import { temporaryFolder } from '../temporary-folder';

const picture: Output = { output_type: 'display_data', data: { 'image/png': 'AAAA' }, metadata: {} };
const stream = (name: 'stdout' | 'stderr', text: string): Output => ({ output_type: 'stream', name, text });
const code = (source: string, ...outputs: Output[]): Cell => ({
  cell_type: 'code',
  metadata: {},
  source,
  outputs,
  execution_count: null,
});
const prose = (source: string): Cell => ({ cell_type: 'markdown', metadata: {}, source });
const notebook = (...cells: Cell[]): Notebook => ({ cells, metadata: {}, nbformat: 4, nbformat_minor: 5 });
const outputsOf = (book: Notebook, cell: number): Output[] => book.cells[cell].outputs ?? [];

describe('the stored form', () => {
  it('is laid out as Jupyter writes files: sorted keys, one space, final newline', () => {
    const cell = { source: 'x', metadata: {}, cell_type: 'raw' as const };
    const expected = `{
 "cells": [
  {
   "cell_type": "raw",
   "metadata": {},
   "source": "x"
  }
 ],
 "metadata": {},
 "nbformat": 4,
 "nbformat_minor": 5
}
`;
    assert.equal(formatNotebook({ nbformat_minor: 5, nbformat: 4, metadata: {}, cells: [cell] }), expected);
  });

  it('splits text so that each line keeps its newline', () => {
    assert.deepEqual(splitText('a\n\nb'), ['a\n', '\n', 'b']);
    assert.deepEqual(splitText('a\n'), ['a\n']);
    assert.deepEqual(splitText(''), []);
  });

  it('drops what a run or an editor leaves behind and keeps tags and outputs', () => {
    const noisy: Notebook = {
      ...notebook({
        ...code('show();\n\n', picture),
        execution_count: 7,
        metadata: { tags: ['parameters'], execution: { 'iopub.status.busy': '2020' }, collapsed: true },
      }),
      metadata: { language_info: { version: '3.7.2' }, kernelspec: { name: 'other' } },
    };
    const { cells, metadata } = cleanNotebook(noisy);
    assert.deepEqual(cells[0].metadata, { tags: ['parameters'] });
    assert.equal(cells[0].execution_count, null);
    assert.deepEqual(cells[0].source, ['show();']);
    assert.deepEqual(cells[0].outputs, [picture]);
    assert.equal((metadata as { kernelspec: { name: string } }).kernelspec.name, 'tslab');
    assert.doesNotMatch(JSON.stringify(metadata), /3\.7\.2/);
  });

  it('does not change when it is made again', () => {
    const once = cleanNotebook(
      notebook(prose('# A\n\ntext'), code('a;', stream('stdout', '1\n'), stream('stdout', '2'))),
    );
    assert.equal(formatNotebook(cleanNotebook(once)), formatNotebook(once));
  });

  it('joins the pieces of one stream, and only neighbours', () => {
    const pieces = [stream('stdout', 'a'), stream('stdout', 'b\n'), stream('stderr', 'c'), stream('stdout', 'd')];
    assert.deepEqual(outputsOf(cleanNotebook(notebook(code('x', ...pieces))), 0), [
      { output_type: 'stream', name: 'stdout', text: ['ab\n'] },
      { output_type: 'stream', name: 'stderr', text: ['c'] },
      { output_type: 'stream', name: 'stdout', text: ['d'] },
    ]);
  });

  it('keeps ids, and makes missing or doubled ones unique and the same each time', () => {
    const book = notebook({ ...code('a'), id: 'first' }, { ...code('b'), id: 'first' }, code('c'), code('c'));
    const ids = cleanNotebook(book).cells.map(cell => cell.id);
    assert.equal(ids[0], 'first');
    assert.equal(new Set(ids).size, 4);
    assert.deepEqual(
      cleanNotebook(book).cells.map(cell => cell.id),
      ids,
    );
  });
});

describe('the text form', () => {
  const book = cleanNotebook(
    notebook(
      prose('# Title\n\nTwo *lines*.'),
      { ...code('const a = 1;\n\nconst b = 2; // %% not at the start'), metadata: { tags: ['parameters'] } },
      code('a + b', stream('stdout', '3\n')),
    ),
  );

  it('is what editors read as percent format', () => {
    const expected = `// %% [markdown]
// # Title
//
// Two *lines*.

// %% tags=["parameters"]
const a = 1;

const b = 2; // %% not at the start

// %%
a + b
`;
    assert.equal(toPercent(book), expected);
  });

  it('comes back as the same notebook, outputs and ids kept', () => {
    assert.equal(formatNotebook(fromPercent(toPercent(book), book)), formatNotebook(book));
  });

  it('drops the outputs of a cell whose code changed, and of no other', () => {
    const more = notebook(...book.cells, code('b', stream('stdout', '2\n')));
    const edited = fromPercent(toPercent(more).replace('a + b', 'a - b'), more);
    assert.deepEqual(outputsOf(edited, 2), []);
    assert.deepEqual(outputsOf(edited, 3), [{ output_type: 'stream', name: 'stdout', text: ['2\n'] }]);
  });

  it('refuses what it cannot represent or read, naming the place', () => {
    assert.throws(() => toPercent(notebook(code('// %% oops'))), /cell 1 /);
    assert.throws(() => fromPercent('stray\n// %%\n'), /line 1: text before/);
    assert.throws(() => fromPercent('// %%\n// %% [html]\n'), /line 2: .* is not a cell header/);
  });
});

describe('what is wrong with stored outputs', () => {
  const problems = (...outputs: Output[]): string[] =>
    outputProblems(notebook(code('x', picture, ...outputs)), ['home', 'usr']);

  it('finds nothing in a picture and plain text', () => assert.deepEqual(problems(stream('stdout', 'loss 1/2')), []));

  it('names the cell that wrote to stderr, counted from 1', () => {
    const book = notebook(prose('text'), code('x', picture, stream('stderr', 'careful\n')));
    assert.deepEqual(outputProblems(book, []), ['cell 2 wrote to stderr: careful']);
  });

  it('asks for a picture', () => {
    assert.deepEqual(outputProblems(notebook(code('x', stream('stdout', '1'))), []), [
      'no output has a picture (image/png)',
    ]);
  });

  it('finds absolute paths of the machine, in text, html and data', () => {
    for (const output of [
      stream('stdout', 'wrote /home/me/x.png'),
      { output_type: 'display_data', data: { 'text/html': ['<a href="/home/me">'] }, metadata: {} } as Output,
      { output_type: 'display_data', data: { 'x/y+json': { path: '/usr/lib/z' } }, metadata: {} } as Output,
      stream('stdout', 'C:\\Users\\me'),
    ])
      assert.match(problems(output).join(), /cell 1 shows a path of this machine: (\/home\/me|\/usr\/lib|C:\\Users)/);
  });

  it('leaves addresses, relative paths, closing tags and fractions alone', () => {
    const text = 'https://host/home/x figures/home/x ./usr/x ../usr/x </home> 3/usr/4 /homely/x';
    assert.deepEqual(problems(stream('stdout', text)), []);
  });

  it('refuses files of 2 MB', () => {
    const big = { ...picture, data: { 'image/png': 'A'.repeat(2e6) } } as Output;
    assert.match(outputProblems(notebook(code('x', big)), []).join(), /2\.0 MB/);
  });
});

describe('what is wrong with a run', () => {
  const before = notebook(prose('text'), code('a'), code('b'));
  const ok = (cell: number): CellEnd => ({ cell, status: 'ok', outputs: [] });
  const good: Execution = {
    code: 0,
    ended: [ok(1), ok(2)],
    late: [],
    notebook: notebook(prose('text'), code('a', picture), code('b')),
    seconds: 1,
    log: '',
  };
  const problems = (change: Partial<Execution>, book = before): string[] =>
    runProblems(book, { ...good, ...change }, []);

  it('finds nothing in a good run', () => assert.deepEqual(problems({}), []));

  it('finds a cell that never ran though nbconvert ended well', () => {
    assert.deepEqual(problems({ ended: [ok(1)] }), ['did not run to the end: cell 3']);
    assert.deepEqual(problems({ ended: [ok(1), { ...ok(2), status: 'abort' }] }), ['did not run to the end: cell 3']);
  });

  it('shows why a cell failed, without the kernel’s own frames, and which never ran', () => {
    const outputs = [stream('stderr', 'Error: boo\n    at cell:1:7\n    at node:vm:1\n    at x/tslab/dist/y.js:1\n')];
    const found = problems({ code: 1, ended: [{ cell: 1, status: 'error', outputs }], notebook: undefined });
    assert.deepEqual(found, ['cell 2 failed: Error: boo\n    at cell:1:7', 'did not run to the end: cell 3']);
  });

  it('tells a dead kernel and a run out of time apart', () => {
    const dead = problems({ code: 1, ended: [ok(1)], notebook: undefined, log: 'trace\nKernel died\n' });
    assert.deepEqual(dead, ['did not run to the end: cell 3', 'nbconvert ended with code 1: Kernel died']);
    const late = problems({ code: 124, ended: [ok(1)], notebook: undefined });
    assert.deepEqual(late, ['the time was up', 'did not run to the end: cell 3']);
  });

  it('counts an error that no cell waited for', () => {
    assert.match(problems({ late: [stream('stderr', 'Error: nobody waits')] }).join(), /nobody waits/);
  });

  it('forbids tags that hide cells which did not run', () => {
    const tagged = notebook(prose('text'), { ...code('a'), metadata: { tags: ['raises-exception'] } }, code('b'));
    assert.match(problems({}, tagged).join(), /cell 2 has the tag 'raises-exception'/);
  });
});

describe('cells as one module', () => {
  it('keeps the order and maps each line to its cell and line', () => {
    const { text, origin } = extractCells(notebook(prose('text'), code('a;\nb;'), code(''), code('c;')));
    assert.equal(text, 'a;\nb;\nc;\nexport {};\n');
    assert.deepEqual(origin.slice(0, 3), [
      { cell: 2, line: 1 },
      { cell: 2, line: 2 },
      { cell: 4, line: 1 },
    ]);
  });
});

describe('finding notebooks', () => {
  it('lists numbered notebooks in order, narrows by the start of a name, and says what there is', () => {
    const place = temporaryFolder();
    for (const name of ['02_b.ipynb', '01_a.ipynb', 'draft.ipynb', '01_a.txt']) writeFileSync(place(name), '');
    assert.deepEqual(findNotebooks(place(), []), [place('01_a.ipynb'), place('02_b.ipynb')]);
    assert.deepEqual(findNotebooks(place(), ['02']), [place('02_b.ipynb')]);
    assert.throws(() => findNotebooks(place(), ['03']), /'03'.*01_a, 02_b/);
  });
});
