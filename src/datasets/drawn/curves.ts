import { pointsDeviation } from './mixtures';

/** A density around a curve: the point at parameter u of [0, 1), and the deviation of the noise about it. */
export type Curve = { at: (u: number) => readonly [x: number, y: number]; noise: number };

/** Two half circles, each reaching into the other. */
const moons = (u: number): [number, number] => {
  const angle = Math.PI * ((2 * u) % 1);
  return u < 0.5 ? [Math.cos(angle), Math.sin(angle)] : [1 - Math.cos(angle), 0.5 - Math.sin(angle)];
};

/** A spiral of one and a half turns; u runs along the angle, so the outer turns are thinner. */
const spiral = (u: number): [number, number] => {
  const angle = 1.5 * Math.PI * (1 + 2 * u);
  return [angle * Math.cos(angle), angle * Math.sin(angle)];
};

/** The curve moved to mean zero and scaled so that, noise included, the mean variance of a coordinate is 0.5^2. */
const standardised = (curve: Curve['at'], noise: number): Curve => {
  const points = Array.from({ length: 4096 }, (_, i) => curve((i + 0.5) / 4096)); // midpoint rule
  const mean = (value: (point: readonly [number, number]) => number): number =>
    points.reduce((sum, point) => sum + value(point), 0) / points.length;
  const [cx, cy] = [mean(([x]) => x), mean(([, y]) => y)];
  const variance = mean(([x, y]) => ((x - cx) ** 2 + (y - cy) ** 2) / 2);
  const scale = Math.sqrt((pointsDeviation ** 2 - noise ** 2) / variance);
  const at = (u: number): readonly [number, number] => {
    const [x, y] = curve(u);
    return [scale * (x - cx), scale * (y - cy)];
  };
  return { at, noise };
};

/** The 2-D densities around a curve. */
export const curves = {
  twoMoons: standardised(moons, 0.05),
  swissRoll: standardised(spiral, 0.02),
} satisfies Record<string, Curve>;
