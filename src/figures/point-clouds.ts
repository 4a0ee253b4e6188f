import { expectInteger, fail } from '../compute/check';
import { chartHead, type ChartSpec, ink, palette } from './theme';

/** One panel: points [n, 2], row by row; `reference` sets the truth apart by colour. */
export type Cloud = { label: string; points: ArrayLike<number>; reference?: boolean };

/** Options of `pointClouds`. */
export type PointCloudOptions = {
  title: string;
  subtitle?: string;
  clouds: readonly Cloud[];
  /** Axes run from -extent to extent, default: the farthest 0.2 % of all coordinates are cut. */
  extent?: number;
  /** Panels in a row, default 4. */
  columns?: number;
  /** Points drawn per panel (the first ones), default 2000. */
  most?: number;
  /** Width and height of a panel in pixels, default 210. */
  size?: number;
};

const ordered = (values: number[]): number[] => values.sort((a, b) => a - b);

/** A symmetric extent that keeps nearly all coordinates: one stray sample must not shrink every panel. */
const extentOf = (clouds: readonly Cloud[]): number => {
  const sizes = ordered(clouds.flatMap(cloud => Array.from(cloud.points, Math.abs)).filter(Number.isFinite));
  return sizes.length ? 1.08 * sizes[Math.floor(0.998 * (sizes.length - 1))] || 1 : 1;
};

/** Scatter plots of 2-D samples side by side on the same square axes. */
export const pointClouds = ({
  title,
  subtitle,
  clouds,
  extent = extentOf(clouds),
  columns = 4,
  most = 2000,
  size = 210,
}: PointCloudOptions): ChartSpec => {
  expectInteger('pointClouds', 'columns', columns, { min: 1 });
  const round = (value: number) => Number(value.toPrecision(4));
  const values = clouds.flatMap(({ label, points, reference = false }) => {
    if (points.length % 2) fail('pointClouds', `points of '${label}'`, 'of even length, [n, 2]', points.length);
    return Array.from({ length: Math.min(most, points.length / 2) }, (_, i) => ({
      panel: label,
      reference,
      x: round(points[2 * i]),
      y: round(points[2 * i + 1]),
    })).filter(({ x, y }) => Math.abs(x) <= extent && Math.abs(y) <= extent);
  });
  const axis = (field: string) => ({
    field,
    type: 'quantitative',
    title: null,
    scale: { domain: [-extent, extent], nice: false },
    axis: { grid: false, domain: false, ticks: true, tickCount: 4 },
  });
  return {
    ...chartHead(title, subtitle),
    data: { values },
    columns,
    spacing: 18,
    facet: { field: 'panel', type: 'nominal', sort: clouds.map(cloud => cloud.label), title: null },
    spec: {
      width: size,
      height: size,
      view: { stroke: ink.axis, strokeWidth: 0.8 },
      mark: { type: 'circle', size: 7, opacity: 0.4 },
      encoding: {
        x: axis('x'),
        y: axis('y'),
        color: {
          field: 'reference',
          type: 'nominal',
          scale: { domain: [false, true], range: [palette[0], ink.text] },
          legend: null,
        },
      },
    },
  };
};
