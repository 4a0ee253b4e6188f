import { basename, dirname } from 'node:path';
import { inspect } from 'node:util';
import { makeFolder, writeFileAtomic } from '../checkpoints';
import { displaySymbol, type MimeBundle } from './mime';
import type { Provenance, ResultsProvenance } from './provenance';
import type { ChartSpec } from './theme';

/** What `renderChart` and `imageGrid` return and `saveFigure` stores. */
export type Picture = {
  title: string;
  png: Buffer;
  svg?: string;
  spec?: ChartSpec;
  /** Shown instead of the picture where Jupyter draws Vega-Lite: with sliders. Not stored in files. */
  interactive?: ChartSpec;
};

/** Specifications larger than these stay out of notebooks, which keep the PNG; pictures that a slider moves may be more. */
const LARGEST_SPEC = 128 * 1024;
const LARGEST_INTERACTIVE = 512 * 1024;

/** The form of a picture for Jupyter's Vega-Lite: the interactive one, else the chart itself, where it is small enough. */
const shownSpec = ({ spec, interactive }: Picture): ChartSpec | undefined => {
  const fits = (form: ChartSpec | undefined, most: number) =>
    form !== undefined && JSON.stringify(form).length <= most ? form : undefined;
  return fits(interactive, LARGEST_INTERACTIVE) ?? fits(spec, LARGEST_SPEC);
};

/** A picture for notebooks: PNG first, a chart also as interactive Vega-Lite. */
export const pictureBundle = (picture: Picture, text: string): MimeBundle => {
  const spec = shownSpec(picture);
  return {
    'image/png': picture.png.toString('base64'),
    ...(spec !== undefined && { 'application/vnd.vegalite.v5+json': spec }),
    'text/plain': text,
  };
};

/** A saved picture with the numbers behind it; shown as `pictureBundle` says. */
export class Figure {
  readonly title: string;
  readonly png: Buffer;
  readonly svg?: string;
  readonly spec?: ChartSpec;
  /** Shown instead of the picture where Jupyter draws Vega-Lite. */
  readonly interactive?: ChartSpec;

  constructor(
    picture: Picture,
    readonly numbers: unknown,
    readonly files: readonly string[], // paths as given to `saveFigure`
    /** What a reader of the picture must know besides, shown under it. */
    readonly note?: string,
  ) {
    this.title = picture.title;
    this.png = picture.png;
    this.svg = picture.svg;
    this.spec = picture.spec;
    this.interactive = picture.interactive;
  }

  [displaySymbol](): MimeBundle {
    return pictureBundle(this, this.toString());
  }

  toString(): string {
    return `${this.title} (${this.files.join(', ')})`;
  }

  /** One line in logs and as a cell's last value, in place of the picture's bytes. */
  [inspect.custom](): string {
    return this.toString();
  }
}

/** JSON with one row of numbers a line, so that a change of the numbers reads well in a diff. */
const toJson = (value: unknown): string => {
  const flat = (item: unknown) => JSON.stringify(item) ?? 'null';
  const write = (item: unknown, indent: string): string => {
    const text = flat(item);
    if (text.length + indent.length <= 118 || typeof item !== 'object' || item === null) return text;
    const inner = `${indent}  `;
    const array = Array.isArray(item);
    const lines = array
      ? item.map(entry => write(entry, inner))
      : Object.entries(item)
          .filter(([, entry]) => entry !== undefined)
          .map(([key, entry]) => `${JSON.stringify(key)}: ${write(entry, inner)}`);
    // A long run of plain numbers, an image or a curve, stays on one line.
    if (array && item.every(entry => typeof entry === 'number')) return text;
    return `${array ? '[' : '{'}\n${inner}${lines.join(`,\n${inner}`)}\n${indent}${array ? ']' : '}'}`;
  };
  return `${write(value, '')}\n`;
};

/**
 * Stores a figure as `path`.png, .json (numbers and provenance) and, for a chart, .svg and .vl.json. Each file is
 * written whole; the folder is made if missing. Paths in the result are as given.
 *
 * @param path without extension, e.g. 'figures/03/ablation'
 * @param note what a reader must know besides, shown under the picture
 * @param numbers the values that the picture shows, as plain JSON; they must be enough to draw it again
 * @example
 * const picture = await renderChart({ mark: 'point', data: { values: rows }, encoding: { x: { field: 'x' } } });
 * show(await saveFigure('figures/mine', picture, rows, provenance({ preset: 'mine', seeds: [0] })));
 */
export const saveFigure = async (
  path: string,
  picture: Picture,
  numbers: unknown,
  provenance: Provenance | ResultsProvenance,
  note?: string,
): Promise<Figure> => {
  const contents: [string, string | Buffer][] = [
    ['.png', picture.png],
    ['.json', toJson({ title: picture.title, provenance, numbers })],
  ];
  if (picture.svg !== undefined) contents.push(['.svg', picture.svg]);
  if (picture.spec !== undefined) contents.push(['.vl.json', toJson(picture.spec)]);
  await makeFolder(dirname(path));
  for (const [extension, content] of contents) await writeFileAtomic(`${path}${extension}`, content);
  return new Figure(
    { ...picture, title: picture.title || basename(path) },
    numbers,
    contents.map(([extension]) => `${path}${extension}`),
    note,
  );
};
