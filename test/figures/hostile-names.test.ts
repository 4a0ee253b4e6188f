import assert from 'node:assert/strict';
import { test } from 'node:test';
import { curvesWithSpread, displaySymbol, lossChart, renderChart, table } from '../../src/figures';
import { printable } from '../../src/text';
import { HOSTILE } from '../text/hostile';

test('a table of hostile names has its own elements and no others, its cells and no others', () => {
  for (const name of HOSTILE) {
    const { html, markdown, [displaySymbol]: bundle } = table([{ [name]: name, n: 1 }], { caption: name });
    assert.deepEqual(
      [...html.matchAll(/<\/?(\w+)/g)]
        .map(([, tag]) => tag)
        .filter(tag => !/^(table|caption|thead|tbody|tr|th|td)$/.test(tag)),
      [],
    );
    const lines = markdown.split('\n');
    assert.equal(lines.length, 5);
    for (const line of lines.slice(2)) assert.equal([...line.matchAll(/(?<!\\)(?:\\\\)*\|/g)].length, 3, line);
    const plain = bundle()['text/plain'] as string;
    assert.equal(plain, printable(plain));
  }
});

test('bold is of the best alone, never of a text with stars', () => {
  assert.doesNotMatch(table([{ a: '**x**' }]).html, /<b>/);
});

test('hostile names are text in a chart', async () => {
  const points = HOSTILE.map((series, i) => ({ series, x: i, seed: 0, value: i + 1 }));
  const [label] = HOSTILE;
  const charts = [
    curvesWithSpread({
      title: label,
      subtitle: label,
      points,
      x: { title: label },
      y: { title: label },
      floor: { value: 1, label },
    }),
    lossChart({ title: label, reports: [{ step: 1, images: 1, a: 1 }], metrics: { a: label } }),
  ];
  for (const chart of charts) {
    const { svg } = await renderChart(chart);
    const tags = svg.match(/<[^>]*>/g)!.join('\n');
    assert.ok(!/<(script|img|b|a|image|foreignObject)\b|href=|\son\w+=/.test(tags), 'markup in the SVG');
    assert.ok(svg === printable(svg), 'control characters in the SVG');
  }
});

const base = { mark: 'point', encoding: { x: { field: 'x', type: 'quantitative' } } };
const linked = (channel: string, address: string) => ({
  ...base,
  ...(channel === 'url' && { mark: 'image' }),
  data: { values: [{ x: 1, address }] },
  encoding: { ...base.encoding, [channel]: { field: 'address', type: 'nominal' } },
});

for (const [name, spec, address] of [
  ['a file as data', { ...base, data: { url: '/etc/passwd', format: { type: 'csv' } } }, '/etc/passwd'],
  ['an address as data', { ...base, data: { url: 'http://127.0.0.1:1/x.json' } }, 'http://127.0.0.1:1/x.json'],
  ['a picture', linked('url', 'file:///etc/passwd'), 'file:///etc/passwd'],
  ['a link', linked('href', 'javascript:alert(1)'), 'javascript:alert(1)'],
] as const)
  test(`a chart that names something outside itself is refused by name: ${name}`, async () => {
    const message = `renderChart: a chart shows what is in it; it names '${address}'`;
    await assert.rejects(renderChart(spec), { name: 'ArgumentError', message });
  });
