import type { ChartSpec } from './theme';

/** A drawn chart: its specification, vector and raster pictures. */
export type Chart = { title: string; spec: ChartSpec; svg: string; png: Buffer };

/** Pixels per unit of the specification: pictures stay sharp on high-density screens and when GitHub enlarges them. */
const pixelRatio = 2;

type Canvas = { toBuffer: (type: 'image/png') => Buffer };

// Loaded on first use: Vega takes 0.4 s, which `import 'cosim'` should not pay.
const openView = async (spec: ChartSpec) => {
  const [vega, vegaLite] = await Promise.all([import('vega'), import('vega-lite')]);
  const quiet = { warn: fail, error: fail, info: ignore, debug: ignore, level: ignore };
  // A copy: Vega marks the rows it draws with a symbol of its own, and those may be the caller's.
  const compiled = vegaLite.compile(structuredClone(spec) as never, { logger: quiet as never });
  return new vega.View(vega.parse(compiled.spec), { renderer: 'none', logLevel: vega.Error });
};

const ignore = (): object => ({});

/** A warning of the compiler means that part of the chart would be missing. */
const fail = (...messages: unknown[]): never => {
  throw new Error(`renderChart: ${messages.join(' ')}`);
};

/** The title of a specification, '' where it has none. */
const titleOf = ({ title }: ChartSpec): string => {
  const text = typeof title === 'object' && title !== null && 'text' in title ? title.text : title;
  return typeof text === 'string' ? text : '';
};

/** The same pixels in about 0.7 of the bytes: canvas filters every row, which does not pay for flat colours. */
const repacked = async (png: Buffer): Promise<Buffer> => {
  const { default: sharp } = await import('sharp');
  const pipeline: { toBuffer: () => Promise<Buffer> } = sharp(png).png({ compressionLevel: 9 });
  return pipeline.toBuffer();
};

/**
 * Draws a Vega-Lite specification: SVG, and PNG at twice its size.
 * @throws Error when the specification does not compile cleanly: a warning counts as an error.
 * @example
 * show(await renderChart({ mark: 'line', data: { values: [{ x: 1, y: 2 }, { x: 2, y: 1 }] }, encoding: { x: { field: 'x' }, y: { field: 'y' } } }));
 */
export const renderChart = async (spec: ChartSpec): Promise<Chart> => {
  const view = await openView(spec);
  const svg = await view.toSVG();
  const canvas = (await view.toCanvas(pixelRatio)) as unknown as Canvas;
  view.finalize();
  return { title: titleOf(spec), spec, svg, png: await repacked(canvas.toBuffer('image/png')) };
};

/** The PNG alone, for charts that are redrawn while something runs. */
export const renderPng = async (spec: ChartSpec): Promise<Buffer> => {
  const view = await openView(spec);
  const canvas = (await view.toCanvas(pixelRatio)) as unknown as Canvas;
  view.finalize();
  return canvas.toBuffer('image/png');
};
