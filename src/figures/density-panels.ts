import { contours } from 'd3';
import { expectShape } from '../compute/check';
import { chartHead, type ChartSpec, ink, sequential } from './theme';

/** One panel: density [rows, columns] at the centres of the grid's cells, row 0 at the smallest y. */
export type Density = { label: string; values: ArrayLike<number> };

/** The cells that a density was evaluated on. */
export type DensityGrid = { x: readonly [number, number]; y: readonly [number, number]; rows: number; columns: number };

/** Options of `densityPanels`. */
export type DensityOptions = {
  title: string;
  subtitle?: string;
  densities: readonly Density[];
  grid: DensityGrid;
  /** Panels in a row, default 4. */
  columns?: number;
  /** Width of a panel, default 210. */
  size?: number;
};

/** Steps of colour from zero to the highest density. */
const levels = 24;

/** The centres of a grid's cells [rows * columns, 2], in the order that `densityPanels` reads. */
export const gridPoints = ({ x, y, rows, columns }: DensityGrid): Float32Array => {
  const points = new Float32Array(rows * columns * 2);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) {
      const at = 2 * (row * columns + column);
      points[at] = x[0] + ((column + 0.5) / columns) * (x[1] - x[0]);
      points[at + 1] = y[0] + ((row + 0.5) / rows) * (y[1] - y[0]);
    }
  return points;
};

/**
 * 2-D densities side by side as filled contours on the same axes and the same colours, so that heights compare. Colour
 * grows with the square root of the density: thin tails stay visible beside narrow peaks.
 */
export const densityPanels = ({
  title,
  subtitle,
  densities,
  grid,
  columns = 4,
  size = 210,
}: DensityOptions): ChartSpec => {
  const { rows, columns: cells } = grid;
  for (const { label, values } of densities)
    expectShape('densityPanels', `values of '${label}'`, { shape: [values.length] }, [rows * cells]);

  const [width, height] = [grid.x[1] - grid.x[0], grid.y[1] - grid.y[0]];
  const highest = Math.max(
    ...densities.map(({ values }) => Array.from(values).reduce((a, b) => Math.max(a, b), 0)),
    1e-12,
  );
  const thresholds = Array.from({ length: levels - 1 }, (_, i) => highest * ((i + 1) / levels) ** 2);
  const trace = contours().size([cells, rows]).thresholds(thresholds);
  const decimals = Math.max(0, Math.ceil(3.3 - Math.log10(width))); // a tenth of a pixel
  const round = (value: number) => Number(value.toFixed(decimals));
  const toPlane = ([column, row]: number[]) => [
    round(grid.x[0] + (column / cells) * width),
    round(grid.y[0] + (row / rows) * height),
  ];

  const scale = size / width;
  const color = {
    field: 'density',
    type: 'quantitative',
    scale: { type: 'sqrt', domain: [0, highest], nice: false, scheme: sequential },
    legend: { title: 'density', titleFontWeight: 'normal', orient: 'right', direction: 'vertical', tickCount: 4 },
  };
  const axis = (domain: readonly [number, number], field: string, labels = true) => ({
    field,
    type: 'quantitative',
    title: null,
    scale: { domain, nice: false },
    axis: { grid: false, domain: false, ticks: labels, labels, tickCount: 4 },
  });
  const panel = ({ label, values }: Density, i: number) => {
    const bands = trace(Array.from(values)).map(band => ({
      type: 'Feature',
      density: band.value,
      geometry: {
        type: 'MultiPolygon',
        coordinates: band.coordinates.map(polygon => polygon.map(ring => ring.map(toPlane))),
      },
    }));
    // The plane itself has density 0: the lowest colour lies under all bands.
    const { x, y } = grid;
    const frame = [
      [x[0], y[0]],
      [x[1], y[0]],
      [x[1], y[1]],
      [x[0], y[1]],
      [x[0], y[0]],
    ];
    const ground = { type: 'Feature', density: 0, geometry: { type: 'Polygon', coordinates: [frame] } };
    return {
      title: { text: label, anchor: 'middle', fontSize: 13, offset: 6 },
      width: size,
      height: Math.round((size * height) / width),
      layer: [
        {
          data: { values: [ground, ...bands] },
          projection: { type: 'identity', reflectY: true, scale, translate: [-x[0] * scale, y[1] * scale] },
          mark: { type: 'geoshape', stroke: null, clip: true },
          encoding: { color },
        },
        {
          data: { values: [{ x: x[0], y: y[0] }] },
          mark: { type: 'point', opacity: 0 },
          encoding: { x: axis(x, 'x'), y: axis(y, 'y', i % columns === 0) },
        },
      ],
      view: { stroke: ink.axis, strokeWidth: 0.8 },
    };
  };
  return { ...chartHead(title, subtitle), spacing: 18, columns, concat: densities.map(panel) };
};
