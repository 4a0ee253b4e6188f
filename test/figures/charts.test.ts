import assert from 'node:assert/strict';
import { test } from 'node:test';
import { coloursOf } from '../../src/figures/theme';
import { logTicks } from '../../src/figures/ticks';
import {
  barsPerStep,
  type ChartSpec,
  curvePanels,
  curvesWithSpread,
  densityPanels,
  gridPoints,
  lossChart,
  measuredPanels,
  pointClouds,
  renderChart,
} from '../../src/figures';

const count = (text: string, pattern: RegExp): number => [...text.matchAll(pattern)].length;

/** The paths of one kind of mark: Vega groups them by role and type. */
const marks = (svg: string, type: 'line' | 'area' | 'symbol' | 'rect' | 'rule'): number =>
  [...svg.matchAll(new RegExp(`<g class="mark-${type} role-mark[^>]*>(.*?)</g>`, 'gs'))]
    .map(([, inside]) => count(inside, /<(path|line|rect) /g))
    .reduce((a, b) => a + b, 0);

const svgOf = async (spec: ChartSpec): Promise<string> => (await renderChart(spec)).svg;

const curves = (last = 0.04) =>
  curvesWithSpread({
    title: 'Crossing',
    points: ['coef 0.5', 'coef 1.0'].flatMap(series =>
      [1000, 2000, 4000].flatMap(x => [0, 1, 2].map(seed => ({ series, x, seed, value: last + seed * 0.01 + 10 / x }))),
    ),
    x: { title: 'training images', log: true },
    y: { title: 'sliced W2', log: true },
    floor: { value: 0.02, label: 'real vs. real' },
    teacher: { value: 0.03, label: 'teacher, NFE 35' },
  });

test('curves: two series give two lines, two bands and a dot per seed; title, axes, legend and references are named', async () => {
  const svg = await svgOf(curves());
  assert.equal(marks(svg, 'line'), 2);
  assert.equal(marks(svg, 'area'), 2);
  assert.equal(marks(svg, 'symbol'), 2 * 3 * 3);
  assert.equal(marks(svg, 'rule'), 2);
  for (const text of [
    'Crossing',
    'training images',
    'sliced W2',
    'coef 0.5',
    'coef 1.0',
    'real vs. real',
    'teacher, NFE 35',
  ])
    assert.ok(svg.includes(`>${text}<`), text);
});

test('a chart is the same for the same data and differs when one value changes by 2 %', async () => {
  assert.equal(await svgOf(curves()), await svgOf(curves()));
  assert.notEqual(await svgOf(curves()), await svgOf(curves(0.0408)));
});

test('curves: a legend that is wider than its chart takes several rows', () => {
  const chartOf = (names: readonly string[]) =>
    curvesWithSpread({
      title: 't',
      points: names.flatMap(series => [1, 2].map(x => ({ series, x, seed: 0, value: x }))),
      x: { title: 'x' },
      y: { title: 'y' },
    });
  const legends = (chart: object) => [...new Set(JSON.stringify(chart).match(/"columns":\d+/g))];
  assert.deepEqual(legends(chartOf(['a', 'b', 'c', 'd', 'e', 'f'])), []);
  assert.deepEqual(legends(chartOf(['a', 'b', 'c', 'd', 'e', 'f'].map(name => name.repeat(30)))), ['"columns":3']);
});

test('panels of curves: each with its own title and axes, a series in one colour, the legend once', async () => {
  const panel = (title: string, series: string[]) => ({
    title,
    points: series.flatMap(name => [1, 2, 4].map(x => ({ series: name, x, seed: 0, value: x * x }))),
    x: { title: `strength of ${title}` },
    y: { title: 'distance / floor', log: true },
    floor: { value: 1, label: '' },
  });
  const svg = await svgOf(
    curvePanels({ title: 'Distorted', panels: [panel('noise', ['deep', 'pixels']), panel('blur', ['pixels'])] }),
  );
  assert.equal(marks(svg, 'line'), 3);
  assert.equal(marks(svg, 'symbol'), 3 * 3);
  for (const text of ['Distorted', 'noise', 'blur', 'strength of noise', 'strength of blur', 'deep', 'pixels'])
    assert.ok(svg.includes(`>${text}<`), text);
  const strokes = [...svg.matchAll(/<g class="mark-line role-mark[^>]*>.*?stroke="(#[0-9a-f]{6})"/gs)].map(
    ([, color]) => color,
  );
  assert.equal(count(svg, />pixels</g), 1);
  assert.equal(strokes[strokes.length - 1], '#d55e00'); // the second colour, though it is the first series there
  assert.throws(() => curvePanels({ title: '', panels: [] }), /panels must be at least one/);
  const heightIn = async (columns?: number): Promise<number> => {
    const { svg: drawn } = await renderChart(
      curvePanels({ title: 'Rows', panels: [panel('noise', ['deep']), panel('blur', ['deep'])], columns }),
    );
    return Number(/<svg[^>]* height="([\d.]+)"/.exec(drawn)![1]);
  };
  assert.ok((await heightIn(1)) > 1.6 * (await heightIn()));
  assert.throws(() => curvePanels({ title: '', panels: [panel('a', ['b'])], columns: 0 }), /columns must be/);
});

test('curves refuse what an axis cannot place', () => {
  const draw = (value: number, log: boolean) => () =>
    curvesWithSpread({
      title: 't',
      points: [{ series: 'a', x: 1, seed: 0, value }],
      x: { title: 'x' },
      y: { title: 'y', log },
    });
  assert.throws(draw(0, true), /ArgumentError: curvesWithSpread: cannot place .*on a log axis/);
  assert.throws(draw(NaN, false), /cannot place/);
});

test('bars: one per series and step, whiskers and references as rules, the mean written above', async () => {
  const values = [1, 2, 4].flatMap(steps =>
    ['CoSIM', 'teacher'].flatMap(series =>
      [0, 1].map(seed => ({ series, steps, seed, value: 100 / steps + 2 * seed })),
    ),
  );
  const svg = await svgOf(barsPerStep({ title: 'Steps', values, metric: 'FD', floor: { value: 1.4, label: 'floor' } }));
  assert.equal(marks(svg, 'rect'), 6);
  assert.equal(marks(svg, 'rule'), 6 + 1);
  for (const mean of ['101', '51', '26']) assert.equal(count(svg, new RegExp(`>${mean}<`, 'g')), 2, mean);
});

test('bars: the axis leaves room above the highest whisker or line, so that no label meets the legend', () => {
  const topOf = (floor: number): number => {
    const values = [4, 8].map((value, seed) => ({ series: 'a', steps: 1, seed, value }));
    const spec = barsPerStep({ title: 't', values, metric: 'm', floor: { value: floor, label: 'f' } });
    const [{ encoding }] = spec.layer as { encoding: { y: { scale: { domainMax: number } } } }[];
    return encoding.y.scale.domainMax;
  };
  assert.ok(topOf(1) > 8 * 1.05 && topOf(10) > 10 * 1.05);
});

test('bars: a single series needs no legend', async () => {
  const svg = await svgOf(
    barsPerStep({ title: 't', values: [{ series: 'only', steps: 1, seed: 0, value: 3 }], metric: 'm' }),
  );
  assert.ok(!svg.includes('>only<'));
});

test('loss chart: a panel a metric; thousands of reports become at most 120 points; non-finite values are left out', () => {
  const reports = Array.from({ length: 5000 }, (_, i) => ({ step: i, images: i + 1, a: i === 7 ? NaN : 1, b: i }));
  const spec = lossChart({ title: 't', reports, metrics: { a: 'first', b: 'second' } });
  const panels = spec.vconcat as { data: { values: { images: number; mean: number; low: number; high: number }[] } }[];
  assert.equal(panels.length, 2);
  for (const panel of panels) assert.ok(panel.data.values.length <= 120);
  assert.ok(panels[0].data.values.every(value => value.mean === 1));
  assert.deepEqual(panels[1].data.values[0], { images: 42, mean: 20.5, low: 0, high: 41 });
  assert.equal(panels[1].data.values.at(-1)?.images, 5000);
});

test('loss chart draws before the first report', async () => {
  assert.match(await svgOf(lossChart({ title: 'Empty', reports: [], metrics: { a: 'loss' } })), />loss</);
});

test('point clouds: one panel a cloud, one dot a point within the axes, in the order given', async () => {
  const points = [0, 0, 1, 1, -1, 0.5, 9, 9];
  const clouds = [
    { label: 'zebra', points, reference: true },
    { label: 'ant', points: [0, 0] },
  ];
  const svg = await svgOf(pointClouds({ title: 't', clouds, extent: 2 }));
  assert.equal(marks(svg, 'symbol'), 3 + 1);
  assert.ok(svg.indexOf('>zebra<') < svg.indexOf('>ant<'));
  assert.throws(() => pointClouds({ title: 't', clouds: [{ label: 'odd', points: [1, 2, 3] }] }), /points of 'odd'/);
});

test('density panels: the contour of half the peak of a Gaussian is the circle of radius sigma sqrt(2 ln 2)', () => {
  const grid = { x: [-2, 2], y: [-2, 2], rows: 80, columns: 80 } as const;
  const at = gridPoints(grid);
  const sigma = 0.5;
  const values = Array.from({ length: 6400 }, (_, i) =>
    Math.exp(-(at[2 * i] ** 2 + at[2 * i + 1] ** 2) / (2 * sigma ** 2)),
  );
  const spec = densityPanels({ title: 't', densities: [{ label: 'one', values }], grid });
  type Band = { density: number; geometry: { coordinates: number[][][][] } };
  const [panel] = spec.concat as { layer: { data: { values: Band[] } }[] }[];
  const bands = panel.layer[0].data.values.slice(1);
  assert.ok(bands.length > 10);
  for (const { density, geometry } of bands.filter(band => band.density > 0.05 && band.density < 0.9)) {
    const radius = sigma * Math.sqrt(-2 * Math.log(density));
    for (const [x, y] of geometry.coordinates[0][0]) assert.ok(Math.abs(Math.hypot(x, y) - radius) < 0.01);
  }
});

test('density panels draw axes and a legend, and refuse values that do not fill the grid', async () => {
  const grid = { x: [0, 1], y: [0, 1], rows: 4, columns: 4 } as const;
  const values = Float32Array.from({ length: 16 }, (_, i) => i);
  assert.match(await svgOf(densityPanels({ title: 't', densities: [{ label: 'ramp', values }], grid })), />density</);
  assert.throws(
    () => densityPanels({ title: 't', densities: [{ label: 'short', values: [1] }], grid }),
    /'short'.*\[16\]/,
  );
});

test('drawing leaves the data it was given untouched', async () => {
  const points = [Object.freeze({ series: 'a', x: 1, seed: 0, value: 2 })];
  await renderChart(curvesWithSpread({ title: 't', points, x: { title: 'x' }, y: { title: 'y' } }));
  assert.deepEqual(Object.getOwnPropertySymbols(points[0]), []);
});

test('a specification that compiles only with a warning is refused', async () => {
  const spec = { data: { values: [{ a: 1 }] }, mark: 'bar', encoding: { shape: { field: 'a', type: 'nominal' } } };
  await assert.rejects(renderChart(spec), /renderChart: shape dropped/);
});

test('measured against predicted: lines, dashes and dots apart, rules named, a series in one colour in all panels', async () => {
  const curve = (series: string, scale: number) => [1, 2, 4].map(x => ({ series, x, y: scale * x }));
  const panel = {
    title: 'left',
    x: { title: 'steps', log: true },
    y: { title: 'W2' },
    predicted: curve('exact', 1),
    bounds: curve('bound', 2),
    measured: [...curve('exact', 1), ...curve('trained', 1.1)],
    rules: [
      { y: 3, label: 'floor' },
      { x: 2, label: 't_mid' },
    ],
  };
  const right = { ...panel, title: 'right', rules: [], bounds: [] };
  const svg = await svgOf(measuredPanels({ title: 'Statement', subtitle: 'dots: measured', panels: [panel, right] }));
  assert.equal(marks(svg, 'line'), 3);
  assert.equal(marks(svg, 'rule'), 2);
  assert.equal(count(svg, /stroke-dasharray="6,4"/g), 1);
  for (const text of [
    'Statement',
    'dots: measured',
    'left',
    'right',
    'floor',
    't_mid',
    'W2',
    'exact',
    'bound',
    'trained',
  ])
    assert.ok(svg.includes(`>${text}<`), text);
  assert.equal(count(svg, />trained</g), 1); // one legend
  assert.throws(() => measuredPanels({ title: '', panels: [] }), /measuredPanels: panels/);
  const zero = { ...right, measured: [{ series: 'exact', x: 0, y: 1 }] };
  assert.throws(() => measuredPanels({ title: '', panels: [zero] }), /cannot place .* in 'right'/);
});

test('a method has one colour in every figure, other names take what is left, and none is given twice', () => {
  const of = (...series: string[]): Record<string, string> => {
    const colours = coloursOf(series);
    return Object.fromEntries(series.map((name, i) => [name, colours[i]]));
  };
  const [first, second] = [of('teacher', 'SiD', 'CoSIM', 'mine'), of('CoSIM', 'CoSIM, coef 0.5', 'teacher, NFE 35')];
  assert.equal(first.CoSIM, second.CoSIM);
  assert.equal(first.teacher, second['teacher, NFE 35']);
  assert.equal(of('coef 0.5')['coef 0.5'], second['CoSIM, coef 0.5']);
  assert.equal(of('coef 1')['coef 1'], first.CoSIM);
  for (const colours of [first, second, of('a', 'b', 'c', 'CoSIM', 'd', 'e', 'f', 'g')])
    assert.equal(new Set(Object.values(colours)).size, Object.keys(colours).length);
  assert.equal(coloursOf(Array.from({ length: 20 }, (_, i) => `series ${i}`)).length, 20);
});

test('a logarithmic axis is labelled where its values are', () => {
  assert.deepEqual(logTicks(0.4, 80), [0.5, 1, 2, 5, 10, 20, 50]);
  assert.deepEqual(logTicks(1e-6, 1), [1e-6, 1e-5, 1e-4, 1e-3, 0.01, 0.1, 1]);
  assert.deepEqual(logTicks(0.157, 80), [0.2, 0.5, 1, 2, 5, 10, 20, 50]);
  assert.deepEqual(logTicks(0.9, 1.1), [0.9, 0.95, 1, 1.05, 1.1]);
  assert.deepEqual(logTicks(5.1, 9), [6, 7, 8, 9]);
});
