import { ArgumentError } from '../compute/check';
import { onOneLine, printable } from '../text';
import type { ChartSpec } from './theme';

/** A drawn chart: its specification, vector and raster pictures. */
export type Chart = { title: string; spec: ChartSpec; svg: string; png: Buffer };

/** Pixels per unit of the specification: pictures stay sharp on high-density screens and when GitHub enlarges them. */
const pixelRatio = 2;

type Canvas = { toBuffer: (type: 'image/png') => Buffer };

/** What a chart names outside itself (data, pictures, links) is neither read nor linked to, but put on the list. */
const closedLoader = (named: unknown[]) => {
  const load = (address: unknown): Promise<never> => {
    named.push(address);
    return Promise.reject(new Error('closed'));
  };
  const sanitize = (address: unknown): Promise<{ href: string }> => {
    named.push(address);
    return Promise.resolve({ href: '' }); // Vega does not survive a refusal here
  };
  return { load, sanitize, http: load, file: load };
};

// Loaded on first use: Vega takes 0.4 s, which `import 'cosim'` should not pay.
const openView = async (spec: ChartSpec, named: unknown[]) => {
  const [vega, vegaLite] = await Promise.all([import('vega'), import('vega-lite')]);
  const quiet = { warn: fail, error: fail, info: ignore, debug: ignore, level: ignore };
  // A copy: Vega marks the rows it draws with a symbol of its own, and those may be the caller's.
  const compiled = vegaLite.compile(structuredClone(spec) as never, { logger: quiet as never });
  const loader = closedLoader(named) as never;
  return new vega.View(vega.parse(compiled.spec), { renderer: 'none', logLevel: vega.Error, loader });
};

type View = Awaited<ReturnType<typeof openView>>;

/** Draws, and lets go of the view. @throws ArgumentError where the chart names something outside itself */
const drawn = async <T>(spec: ChartSpec, draw: (view: View) => Promise<T>): Promise<T> => {
  const named: unknown[] = [];
  const view = await openView(spec, named);
  try {
    const picture = await draw(view);
    if (named.length > 0)
      throw new ArgumentError(`renderChart: a chart shows what is in it; it names '${onOneLine(String(named[0]))}'`);
    return picture;
  } finally {
    view.finalize();
  }
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

const pngOf = async (view: View): Promise<Buffer> =>
  ((await view.toCanvas(pixelRatio)) as unknown as Canvas).toBuffer('image/png');

/**
 * Draws a Vega-Lite specification: SVG, and PNG at twice its size. A chart shows what is in it: nothing is read from files or
 * the network, and there are no links.
 * @throws Error when the specification does not compile cleanly: a warning counts as an error. ArgumentError when it names
 * data, a picture or a link outside itself.
 * @example
 * show(await renderChart({ mark: 'line', data: { values: [{ x: 1, y: 2 }, { x: 2, y: 1 }] }, encoding: { x: { field: 'x' }, y: { field: 'y' } } }));
 */
export const renderChart = async (spec: ChartSpec): Promise<Chart> => {
  const [svg, png] = await drawn(spec, async view => [await view.toSVG(), await pngOf(view)] as const);
  return { title: titleOf(spec), spec, svg: printable(svg), png: await repacked(png) };
};

/** The PNG alone, for charts that are redrawn while something runs. @throws as `renderChart` */
export const renderPng = (spec: ChartSpec): Promise<Buffer> => drawn(spec, pngOf);
