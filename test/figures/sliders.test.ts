import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCanvas, loadImage } from 'canvas';
import * as vega from 'vega';
import { compile } from 'vega-lite';
import {
  type ChartSpec,
  curvePanels,
  curvesWithSpread,
  displaySymbol,
  Figure,
  imageGrid,
  picturesBySlider,
  renderChart,
  thumbnail,
} from '../../src/figures';

/** A chart as Jupyter draws it, without a screen: its signals move, its marks can be read. */
const openChart = async (spec: ChartSpec) => {
  const view = new vega.View(vega.parse(compile(structuredClone(spec) as never).spec), { renderer: 'none' });
  await view.runAsync();
  type Item = { mark: { marktype: string }; items?: Item[]; datum?: Record<string, unknown> } & Record<string, unknown>;
  const marks = (type: string): Item[] => {
    const found: Item[] = [];
    const visit = (item: Item): void => {
      if (item.items === undefined && item.mark?.marktype === type) found.push(item);
      item.items?.forEach(visit);
    };
    visit((view.scenegraph() as unknown as { root: Item }).root);
    return found;
  };
  const slide = async (place: number): Promise<void> => void (await view.signal('sliderPlace', place).runAsync());
  return { view, marks, slide, close: () => void view.finalize() };
};

const strengths = [0.5, 0.75, 1, 2];
const curves = {
  title: 'Strengths',
  points: strengths.flatMap(option =>
    [1000, 2000].flatMap(x =>
      [0, 1].map(seed => ({ series: `coef ${option}`, option, x, seed, value: option + seed / 10 + x / 1e4 })),
    ),
  ),
  x: { title: 'training images', log: true },
  y: { title: 'distance', log: true },
};

const urlOf = (option: number, x: number): string => `data:image/png;base64,${btoa(`${option} at ${x}`)}`;
const pictures = strengths.flatMap(option => [1000, 2000].map(x => ({ option, x, url: urlOf(option, x) })));

test('a slider over a strength moves the strong dots and the pictures, and stands for the nearest strength that was run', async () => {
  const spec = curvesWithSpread({ ...curves, slider: { option: 'coef', start: 1 }, pictures });
  const [{ bind }] = spec.params as [{ bind: object }];
  assert.deepEqual(bind, { input: 'range', min: 0.5, max: 2, step: 0.25, name: 'coef ' });
  const { marks, slide, close } = await openChart(spec);
  /** What is seen of the value that is picked. */
  const seen = () => ({
    dots: marks('symbol').filter(({ size, opacity }) => size === 70 && opacity === 0.9).map(({ datum }) => datum!.value),
    urls: marks('image').map(({ datum }) => datum!.url),
    text: marks('text').map(({ text }) => text).filter(text => String(text).startsWith('coef ')),
  }); // prettier-ignore
  const expected = (option: number) => ({
    dots: [0.1, 0.2].flatMap(x => [0, 0.1].map(seed => option + seed + x)),
    urls: [1000, 2000].map(x => urlOf(option, x)),
  });
  for (const [place, option] of [
    [1, 1],
    [0.5, 0.5],
    [1.25, 1],
    [1.75, 2],
  ] as const) {
    // prettier-ignore
    await slide(place);
    const { dots, urls, text } = seen();
    assert.deepEqual({ dots, urls }, expected(option));
    assert.ok(text.includes(`coef ${option}`), text.join());
  }
  close();
});

test('a click on the legend fades the other series, and with panels in all of them', async () => {
  const panel = (title: string) => ({ title, points: curves.points, x: curves.x, y: curves.y });
  for (const [spec, plots] of [
    [curvesWithSpread(curves), 1],
    [curvePanels({ title: 'Both', panels: [panel('a'), panel('b')] }), 2],
  ] as const) {
    const { view, marks, close } = await openChart(spec);
    const strong = (): string[] =>
      marks('symbol')
        .filter(({ opacity, datum }) => opacity === 0.55 && datum?.seed !== undefined)
        .map(({ datum }) => String(datum!.series));
    assert.equal(strong().length, plots * curves.points.length);
    const unit = plots === 1 ? 'plot_layer_0' : 'plot1_layer_0';
    const rows = [{ unit, fields: [{ type: 'E', field: 'series' }], values: ['coef 1'] }];
    await view.data('series_store', rows).runAsync();
    assert.deepEqual(strong(), Array<string>(plots * 4).fill('coef 1'));
    close();
  }
});

test('a slider over doubling values moves over powers of two; of one value there is none', async () => {
  const at = (scales: number[]) => ({
    title: 'time 1',
    points: scales.map(option => ({ series: 'time 1', option, x: 3 * option, seed: 0, value: 1 + option })),
    x: { title: 'noise level', log: true },
    y: { title: 'distance', log: true },
  });
  const slider = { option: 'scale', start: 1, log: true };
  const spec = curvePanels({ title: 'Search', panels: [at([0.25, 0.5, 1]), at([1, 2, 16])], slider });
  const { marks, slide, close } = await openChart(spec);
  const picked = (): number[] => marks('symbol').filter(({ size }) => size === 70).map(({ datum }) => Number(datum!.option)); // prettier-ignore
  assert.deepEqual(picked(), [1, 1]);
  for (const [place, options] of [
    [-1, [0.5]],
    [2, [2]],
    [4, [16]],
    [-2, [0.25]],
  ] as const) {
    // prettier-ignore
    await slide(place);
    assert.deepEqual(picked(), options);
  }
  close();
  assert.ok(!('params' in curvePanels({ title: 'Search', panels: [at([1])], slider })));
});

test('one of several pictures is shown, the one that the slider picks', async () => {
  const sheets = [1, 2, 4].map(async option => {
    const { png } = await imageGrid({ images: { data: new Float32Array(9).fill(1 / option), n: 1, shape: [3, 3, 1] } });
    return { option, png };
  });
  const made = await Promise.all(sheets);
  const spec = picturesBySlider({ title: 'Steps', slider: { option: 'steps', start: 1 }, pictures: made });
  const { marks, slide, close } = await openChart(spec);
  for (const { option, png } of made) {
    await slide(option);
    assert.deepEqual(marks('image').map(({ url }) => url), [`data:image/png;base64,${png.toString('base64')}`]); // prettier-ignore
  }
  close();
  const [{ png }] = made;
  const other = await imageGrid({ images: { data: new Float32Array(4), n: 1, shape: [2, 2, 1] }, title: 'wide title' });
  const uneven = [{ option: 1, png }, { option: 2, png: other.png }]; // prettier-ignore
  assert.throws(
    () => picturesBySlider({ title: '', slider: { option: 'steps' }, pictures: uneven }),
    /picturesBySlider: size of pictures\[1\] must be \d+ x \d+, got '\d+ x \d+'/,
  );
  assert.throws(
    () => picturesBySlider({ title: '', slider: { option: 'steps' }, pictures: made.slice(1, 2) }),
    /values of steps must be at least two/,
  );
});

test('a thumbnail shows points as dots with y upwards and images as a sheet; latents have none', async () => {
  const decode = async (url: string | undefined) => {
    const image = await loadImage(url!);
    const context = createCanvas(image.width, image.height).getContext('2d');
    context.drawImage(image, 0, 0);
    const at = (x: number, y: number): number[] => [...context.getImageData(x, y, 1, 1).data.subarray(0, 3)];
    return { at, width: image.width, height: image.height };
  };
  const dots = await decode(await thumbnail({ data: Float32Array.from([0.75, 1.2, 9, 9]), n: 2, shape: [2] }));
  assert.deepEqual([dots.width, dots.height], [192, 192]);
  // x: (0.75 / 1.5 + 1) / 2 of 190 pixels from the left; y: (1 - 1.2 / 1.5) / 2 of 190 from the top
  assert.deepEqual(dots.at(143, 19), [0, 0x72, 0xb2]);
  assert.deepEqual(dots.at(143, 172), [255, 255, 255]);
  const images = await decode(
    await thumbnail({ data: Float32Array.from([-1, -1, 1, 1, 0, 0]), n: 3, shape: [1, 2, 1] }),
  );
  assert.deepEqual([images.width, images.height], [192, 96]);
  assert.deepEqual([images.at(0, 0), images.at(191, 0), images.at(0, 95), images.at(191, 95)].map(([grey]) => grey), [0, 255, 128, 255]); // prettier-ignore
  assert.equal(await thumbnail({ data: new Float32Array(32), n: 1, shape: [2, 2, 8] }), undefined);
});

test('Jupyter gets the interactive form with the still picture beside it; files keep the still one', async () => {
  const still = await renderChart(curvesWithSpread(curves));
  const interactive = curvesWithSpread({ ...curves, slider: { option: 'coef' }, pictures });
  const bundle = new Figure({ ...still, interactive }, {}, [])[displaySymbol]();
  assert.equal(bundle['image/png'], still.png.toString('base64'));
  assert.deepEqual(bundle['application/vnd.vegalite.v5+json'], interactive);
  const huge = { ...interactive, note: 'x'.repeat(600_000) };
  const small = new Figure({ ...still, interactive: huge }, {}, [])[displaySymbol]();
  assert.deepEqual(small['application/vnd.vegalite.v5+json'], still.spec);
});

test('a slider refuses what it cannot stand on, before anything is drawn', () => {
  const slider = { option: 'coef', start: 3 };
  assert.throws(() => curvesWithSpread({ ...curves, slider }), /slider.start must be one of 0.5, 0.75, 1, 2, got 3/);
  const [{ option, ...without }] = curves.points;
  assert.equal(option, 0.5);
  assert.throws(
    () => curvesWithSpread({ ...curves, points: [...curves.points, without], slider: { option: 'coef' } }),
    /points\[16\]\.option must be a number, for the slider/,
  );
  assert.throws(() => curvesWithSpread({ ...curves, pictures }), /pictures must be with a slider only/);
  const below = curves.points.map(point => ({ ...point, option: point.option - 1 }));
  assert.throws(
    () => curvesWithSpread({ ...curves, points: below, slider: { option: 'lambda', log: true } }),
    /a logarithmic slider cannot stand on -0.5, -0.25, 0, 1/,
  );
});
