import type { CanvasRenderingContext2D } from 'canvas';
import type { Draws, Point, Stroke } from './digit-strokes';

/** Straight pieces of each span between two points of a stroke. */
const pieces = 4;

/** A Catmull-Rom spline through a stroke's points; repeated points break its tangent. */
const spline = (stroke: Stroke): Point[] => {
  const path: Point[] = [stroke[0]];
  const same = (a: Point, b: Point) => a[0] === b[0] && a[1] === b[1];
  for (let i = 0; i + 1 < stroke.length; i++) {
    const [from, to] = [stroke[i], stroke[i + 1]];
    if (same(from, to)) continue;
    const before = i > 0 ? stroke[i - 1] : from;
    const after = i + 2 < stroke.length ? stroke[i + 2] : to;
    for (let k = 1; k <= pieces; k++) {
      const u = k / pieces;
      const at = (axis: 0 | 1): number => {
        const slopeIn = (to[axis] - before[axis]) / (same(before, from) ? 1 : 2);
        const slopeOut = (after[axis] - from[axis]) / (same(after, to) ? 1 : 2);
        const span = to[axis] - from[axis];
        const bend = slopeIn + slopeOut - 2 * span;
        return from[axis] + u * (slopeIn + u * (3 * span - 2 * slopeIn - slopeOut + u * bend));
      };
      path.push([at(0), at(1)]);
    }
  }
  return path;
};

/** Each point moved a little on its own; a corner's two points stay together. */
const unsteady = (stroke: Stroke, deviation: number, draws: Draws): Stroke => {
  const moved: Point[] = [];
  for (const [i, [x, y]] of stroke.entries()) {
    const corner = i > 0 && stroke[i - 1][0] === x && stroke[i - 1][1] === y;
    moved.push(corner ? moved[i - 1] : [x + deviation * draws.normal(), y + deviation * draws.normal()]);
  }
  return moved;
};

/** A smooth random displacement of the plane: three plane waves of about one period a box. */
const elastic = (amplitude: number, draws: Draws): ((point: Point) => Point) => {
  const waves = Array.from({ length: 3 }, () => ({
    kx: 3 * draws.normal(),
    ky: 3 * draws.normal(),
    phase: 2 * Math.PI * draws.uniform(),
    dx: amplitude * draws.normal(),
    dy: amplitude * draws.normal(),
  }));
  return ([x, y]) => {
    let [u, v] = [x, y];
    for (const { kx, ky, phase, dx, dy } of waves) {
      const wave = Math.sin(kx * x + ky * y + phase);
      u += dx * wave;
      v += dy * wave;
    }
    return [u, v];
  };
};

/** Slant, then turn, then stretch: a writer's hand as a linear map. */
const hand = (draws: Draws): ((point: Point) => Point) => {
  const slant = 0.2 + 0.2 * draws.normal();
  const turn = 0.08 * draws.normal();
  const wide = Math.exp(0.15 * draws.normal());
  const [c, s] = [Math.cos(turn), Math.sin(turn)];
  return ([x, y]) => {
    const u = wide * (x - 0.5) - slant * (y - 0.5);
    const v = y - 0.5;
    return [c * u - s * v, s * u + c * v];
  };
};

/** The paths scaled to `height` (or to `width` where they are wider), their box centred on (cx, cy). */
const fit = (paths: Point[][], width: number, height: number, cx: number, cy: number): Point[][] => {
  let [left, right, top, bottom] = [Infinity, -Infinity, Infinity, -Infinity];
  for (const path of paths)
    for (const [x, y] of path) {
      left = Math.min(left, x);
      right = Math.max(right, x);
      top = Math.min(top, y);
      bottom = Math.max(bottom, y);
    }
  const scale = Math.min(height / (bottom - top), width / (right - left));
  const [mx, my] = [(left + right) / 2, (top + bottom) / 2];
  return paths.map(path => path.map(([x, y]) => [cx + scale * (x - mx), cy + scale * (y - my)]));
};

/** Draws one path with a round pen whose width swings along the way and thins towards the ends. */
const drawPath = (context: CanvasRenderingContext2D, path: Point[], width: number, draws: Draws): void => {
  const swing = 0.22 * draws.uniform();
  const waves = 1 + 2 * draws.uniform();
  const phase = 2 * Math.PI * draws.uniform();
  const ends = 0.65 + 0.35 * draws.uniform();
  for (let i = 0; i + 1 < path.length; i += pieces) {
    const u = (i + pieces / 2) / (path.length - 1);
    const taper = Math.min(1, ends + (1 - ends) * 5 * Math.min(u, 1 - u));
    context.lineWidth = width * taper * (1 + swing * Math.sin(waves * Math.PI * u + phase));
    context.beginPath();
    context.moveTo(path[i][0], path[i][1]);
    for (let j = i + 1; j <= i + pieces; j++) context.lineTo(path[j][0], path[j][1]);
    context.stroke();
  }
};

/** Draws strokes as one writer would, once, into a square of `size` canvas pixels. */
export const write = (context: CanvasRenderingContext2D, strokes: Stroke[], size: number, draws: Draws): void => {
  const bend = elastic(0.045, draws);
  const lean = hand(draws);
  const wobble = 0.011;
  const paths = strokes.map(stroke => spline(unsteady(stroke, wobble, draws)).map(point => lean(bend(point))));
  const pen = size * (0.06 + 0.075 * draws.uniform() ** 1.5);
  const box = size * (0.7 + 0.12 * draws.uniform()) - pen;
  const at = () => size * (0.5 + 0.02 * draws.normal());
  context.lineCap = 'round';
  context.lineJoin = 'round';
  for (const path of fit(paths, box, box, at(), at())) drawPath(context, path, pen, draws);
};
