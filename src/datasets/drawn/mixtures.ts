import type { Mixture } from '../../diffusion';

/** Deviation of the 2-D densities over both coordinates together: EDM's sigma_data. */
export const pointsDeviation = 0.5;

const round = (deviation: number): number[][] => [
  [deviation ** 2, 0],
  [0, deviation ** 2],
];

/** Equally weighted round modes of one deviation, at centres of mean zero scaled to the overall deviation. */
const roundModes = (centres: number[][], deviation: number): Mixture => {
  const variance = centres.reduce((sum, [x, y]) => sum + x ** 2 + y ** 2, 0) / (2 * centres.length);
  const scale = Math.sqrt((pointsDeviation ** 2 - deviation ** 2) / variance);
  return {
    weights: centres.map(() => 1 / centres.length),
    means: centres.map(centre => centre.map(c => scale * c)),
    covariances: centres.map(() => round(deviation)),
  };
};

/** Cells (column, row) of a board of side x side squares, about its middle. */
const board = (side: number): number[][] =>
  Array.from({ length: side * side }, (_, i) => [(i % side) - (side - 1) / 2, Math.floor(i / side) - (side - 1) / 2]);

/** 18 narrow Gaussians on the dark squares of a 6 x 6 board, mode deviation 0.04, overall deviation 0.5. */
const checkerboard = (): Mixture =>
  roundModes(
    board(6).filter(([x, y]) => (x + y) % 2 === 0),
    0.04,
  );

/** 25 Gaussians on a 5 x 5 grid, mode deviation 0.05, overall deviation 0.5. */
const gaussianGrid = (): Mixture => roundModes(board(5), 0.05);

type Branch = { x: number; y: number; angle: number; length: number; level: number };

/** A branch and all that grows from its end, two shorter ones each time. */
const grow = (branch: Branch, levels: number): Branch[] => {
  const { x, y, angle, length, level } = branch;
  if (level === levels - 1) return [branch];
  const [tipX, tipY] = [x + length * Math.cos(angle), y + length * Math.sin(angle)];
  const fork = (turn: number, shrink: number): Branch[] =>
    grow({ x: tipX, y: tipY, angle: angle + turn, length: shrink * length, level: level + 1 }, levels);
  return [branch, ...fork(0.55, 0.72), ...fork(-0.42, 0.76)];
};

/** The mixture moved to mean zero and scaled so that its variance, averaged over both coordinates, is 0.5^2. */
const standardise = ({ weights, means, covariances }: Mixture): Mixture => {
  const average = (value: (k: number) => number): number => weights.reduce((sum, w, k) => sum + w * value(k), 0);
  const [cx, cy] = [average(k => means[k][0]), average(k => means[k][1])];
  const variance = average(k => {
    const [[xx], [, yy]] = covariances[k];
    return ((means[k][0] - cx) ** 2 + (means[k][1] - cy) ** 2 + xx + yy) / 2;
  });
  const scale = pointsDeviation / Math.sqrt(variance);
  return {
    weights,
    means: means.map(([x, y]) => [scale * (x - cx), scale * (y - cy)]),
    covariances: covariances.map(rows => rows.map(row => row.map(c => scale ** 2 * c))),
  };
};

/**
 * A fractal tree: 63 Gaussians along the branches of six levels, each as long as its branch and thin across, with equal
 * mass on every level, so that the twigs are fine structure on every scale.
 */
const fractalTree = (): Mixture => {
  const levels = 6;
  const branches = grow({ x: 0, y: 0, angle: Math.PI / 2, length: 1, level: 0 }, levels);
  return standardise({
    weights: branches.map(({ level }) => 1 / levels / 2 ** level),
    means: branches.map(({ x, y, angle, length }) => [
      x + (length / 2) * Math.cos(angle),
      y + (length / 2) * Math.sin(angle),
    ]),
    covariances: branches.map(({ angle, length }) => {
      const [along, across] = [(0.27 * length) ** 2, (0.035 * length) ** 2];
      const [c, s] = [Math.cos(angle), Math.sin(angle)];
      return [
        [along * c * c + across * s * s, (along - across) * c * s],
        [(along - across) * c * s, along * s * s + across * c * c],
      ];
    }),
  });
};

/** The 2-D densities that are Gaussian mixtures, whose denoiser and score are known exactly. */
export const mixtures = {
  checkerboard: checkerboard(),
  gaussianGrid: gaussianGrid(),
  fractalTree: fractalTree(),
} satisfies Record<string, Mixture>;
