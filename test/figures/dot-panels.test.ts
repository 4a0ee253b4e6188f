import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dotPanels, renderChart } from '../../src/figures';

const values = [0, 1, 2].flatMap(seed =>
  ['a', 'b'].flatMap(series => [3, 7].map(category => ({ series, category, seed, value: category + seed }))),
);

test('dots are means and lines ranges over seeds, by category and series; the reference is named', async () => {
  const reference = { value: 1, label: 'real' };
  const spec = dotPanels({
    title: 't',
    subtitle: 's',
    panels: [{ title: 'p', values, category: 'class', metric: 'share', reference }],
  });
  const [panel] = spec.vconcat as {
    layer: { data: { values: Record<string, unknown>[] }; mark: { type: string } }[];
  }[];
  const dots = panel.layer.find(({ mark }) => mark.type === 'point')!.data.values;
  assert.equal(dots.length, 4);
  for (const { category, mean, low, high } of dots)
    assert.deepEqual([mean, low, high], [Number(category) + 1, category, Number(category) + 2]);
  assert.deepEqual(panel.layer[0].data.values, [reference]);
  const { svg } = await renderChart(spec);
  for (const text of ['class', 'share', 'real']) assert.ok(svg.includes(`>${text}</text>`), text);
});

test('panels may have series and categories of their own', async () => {
  const panel = (series: string) => ({
    title: series,
    category: 'NFE',
    metric: 'distance',
    log: true,
    values: [1, 2].map(category => ({ series, category, seed: 0, value: category })),
  });
  const { svg } = await renderChart(dotPanels({ title: 't', panels: [panel('ours'), panel('teacher')] }));
  for (const name of ['ours', 'teacher']) assert.ok(svg.includes(`>${name}</text>`), name);
});

test('no panels are refused', () => {
  assert.throws(() => dotPanels({ title: 't', panels: [] }), /dotPanels: panels must be at least one/);
});
