import assert from 'node:assert/strict';
import { test } from 'node:test';
import { displaySymbol, table } from '../../src/figures';

test('one number a seed becomes mean ± sample deviation; a column shares its decimals; numbers stand at the right', () => {
  const { markdown } = table([
    { coef: '0.5', NFE: 2, FD: [309.7, 310.1] },
    { coef: '1.0', NFE: 35, FD: [49.28, 51.28] },
  ]);
  assert.equal(
    markdown,
    [
      '| coef | NFE |          FD |',
      '| ---- | --: | ----------: |',
      '| 0.5  |   2 | 309.9 ± 0.3 |',
      '| 1.0  |  35 |  50.3 ± 1.4 |',
    ].join('\n'),
  );
});

test('integers keep no decimals and get thousands separators; small numbers keep three significant digits', () => {
  const { markdown } = table([{ images: 1024000, w2: 0.0374 }]);
  assert.match(markdown, /\| 1,024,000 \| 0\.0374 \|/);
});

test('the best mean of a column is bold in both forms', () => {
  const { markdown, html } = table(
    [
      { m: 'a', FD: [3, 5], acc: 0.9 },
      { m: 'b', FD: [3, 3], acc: 0.8 },
    ],
    {
      best: { FD: 'low', acc: 'high' },
    },
  );
  assert.match(markdown, /\*\*3\.00 ± 0\.00\*\*/);
  assert.match(html, /<b>3\.00 ± 0\.00<\/b>/);
  assert.match(html, /<b>0\.900<\/b>/);
});

test('what made a row is no column, unless it is asked for', () => {
  const rows = [{ a: 1, madeBy: [], stale: 'no' }];
  assert.match(table(rows).markdown, /^\| +a \|$/m);
  assert.match(table(rows, { columns: ['a', 'stale'] }).markdown, /^\| +a \| stale \|$/m);
});

test('text is escaped: HTML signs in HTML, bars in Markdown', () => {
  const { markdown, html } = table([{ 'a|b': '<script>' }]);
  assert.ok(markdown.includes('a\\|b'));
  assert.ok(!html.includes('<script>') && html.includes('&#60;script&#62;'));
});

test('missing cells are empty, column order follows the option, the caption stands above', () => {
  const { markdown, html } = table([{ a: 1 }, { b: 2 }], { columns: ['b', 'a'], caption: 'n = 2000' });
  assert.deepEqual(markdown.split('\n').slice(2), ['|   b |   a |', '| --: | --: |', '|     |   1 |', '|   2 |     |']);
  assert.match(html, /<caption[^>]*>n = 2000<\/caption>/);
});

test('a table shows itself as HTML, Markdown and text', () => {
  assert.deepEqual(Object.keys(table([{ a: 1 }])[displaySymbol]()), ['text/html', 'text/markdown', 'text/plain']);
});

test('unknown columns and empty tables are refused', () => {
  assert.throws(() => table([{ coef: 1 }], { columns: ['coeff'] }), /unknown column 'coeff'. Did you mean 'coef'/);
  assert.throws(() => table([]), /rows must not be empty/);
});
