import type { randomSource } from '../../compute/noise';

/** A point of a unit box, y down. */
export type Point = readonly [x: number, y: number];

/** Points that a smooth pen path goes through; a point given twice is a corner. */
export type Stroke = readonly Point[];

/** The draws of one digit. */
export type Draws = ReturnType<typeof randomSource>;

const between = (draws: Draws, low: number, high: number): number => low + (high - low) * draws.uniform();
const chance = (draws: Draws, probability: number): boolean => draws.uniform() < probability;

/** Part of an ellipse from angle `from` to `to` in degrees (0 right, 90 down), its radius going from 1 to `end` times. */
const arc = (cx: number, cy: number, rx: number, ry: number, from: number, to: number, end = 1): Point[] => {
  const pieces = Math.max(2, Math.ceil(Math.abs(to - from) / 40));
  return Array.from({ length: pieces + 1 }, (_, i) => {
    const angle = ((from + ((to - from) * i) / pieces) * Math.PI) / 180;
    const scale = 1 + ((end - 1) * i) / pieces;
    return [cx + rx * scale * Math.cos(angle), cy + ry * scale * Math.sin(angle)];
  });
};

const corner = (x: number, y: number): Point[] => [
  [x, y],
  [x, y],
];

const zero = (d: Draws): Stroke[] => {
  const start = -90 + between(d, -50, 50);
  const sweep = 360 + between(d, -25, 40);
  const direction = chance(d, 0.85) ? -1 : 1; // most hands go anticlockwise
  return [arc(0.5, 0.5, between(d, 0.22, 0.42), 0.5, start, start + direction * sweep, between(d, 0.85, 1.08))];
};

const one = (d: Draws): Stroke[] => {
  const stem: Point[] = [
    [0.5, between(d, 0, 0.04)],
    [0.5 + between(d, -0.03, 0.03), 0.5],
    [0.5, 1],
  ];
  if (chance(d, 0.6)) return [stem];
  const flag: Point[] = [[0.5 - between(d, 0.12, 0.3), between(d, 0.12, 0.32)], ...corner(0.5, 0)];
  const strokes: Stroke[] = [[...flag, ...stem.slice(1)]];
  const half = between(d, 0.15, 0.32);
  if (chance(d, 0.45))
    strokes.push([
      [0.5 - half, 1],
      [0.5 + half, 1 + between(d, -0.03, 0.02)],
    ]);
  return strokes;
};

const two = (d: Draws): Stroke[] => {
  const bend = between(d, 0.2, 0.29);
  const head = arc(0.5, bend, between(d, 0.24, 0.34), bend, between(d, -190, -140), between(d, 20, 45));
  const style = d.uniform();
  const left = between(d, 0.12, 0.25);
  const right = between(d, 0.75, 0.98);
  if (style < 0.4) return [[...head, [0.47, 0.72], ...corner(left, 0.98), [right, between(d, 0.93, 1.02)]]];
  if (style < 0.75)
    return [
      [
        ...head,
        [0.5, 0.7],
        [0.3, 0.92],
        [left - 0.04, 0.97],
        [left - 0.04, 0.84],
        [0.32, 0.82],
        [0.58, 0.95],
        [right, between(d, 0.86, 0.98)],
      ],
    ];
  return [[...head, [0.45, 0.75], ...corner(left, 1), [0.4, 0.91], [0.62, 0.98], [right, between(d, 0.88, 0.96)]]];
};

const three = (d: Draws): Stroke[] => {
  const waist = between(d, 0.42, 0.54);
  const lower = (1 - waist) / 2;
  const bowl = arc(0.45, 1 - lower, between(d, 0.28, 0.4), lower, -80, between(d, 120, 165));
  const top = arc(0.45, waist / 2, between(d, 0.22, 0.34), waist / 2, between(d, -165, -125), 75);
  const style = d.uniform();
  if (style < 0.55) return [[...top, ...corner(between(d, 0.32, 0.48), waist), ...bowl]];
  if (style < 0.82) return [[...top, [0.4, waist + 0.02], [0.34, waist - 0.03], [0.42, waist - 0.01], ...bowl]];
  return [[[between(d, 0.12, 0.25), 0.05], ...corner(0.74, 0.03), ...corner(0.42, waist - 0.06), ...bowl]];
};

const four = (d: Draws): Stroke[] => {
  const style = d.uniform();
  const bar = between(d, 0.48, 0.68);
  const foot: Point = [between(d, 0.56, 0.7), 1];
  if (style < 0.5) {
    // open: a bent stroke and a stem, which may start low or high
    const bent: Stroke = [
      [between(d, 0.2, 0.4), between(d, 0, 0.12)],
      ...corner(between(d, 0.1, 0.22), bar),
      [between(d, 0.8, 0.98), bar + between(d, -0.08, 0.03)],
    ];
    return [bent, [[between(d, 0.62, 0.78), between(d, 0, 0.3)], foot]];
  }
  if (style < 0.7) {
    // closed: down the left side, along the bar, and a stem from the same top
    const top: Point = [between(d, 0.55, 0.7), 0];
    const side: Stroke = [top, ...corner(0.12, bar + 0.06), [between(d, 0.8, 0.98), bar + between(d, 0, 0.08)]];
    return [side, [top, foot]];
  }
  // a cup and a tail in one go
  const right = between(d, 0.68, 0.8);
  const cup: Point[] = [
    [between(d, 0.15, 0.3), between(d, 0, 0.1)],
    [0.17, bar * 0.6],
    [0.3, bar],
    [0.52, bar - 0.02],
    [right - 0.04, bar * 0.62],
  ];
  return [[...cup, ...corner(right, between(d, 0, 0.15)), [right - 0.04, 0.6], [right - between(d, 0.05, 0.18), 1]]];
};

const five = (d: Draws): Stroke[] => {
  const style = d.uniform();
  const hip = between(d, 0.36, 0.5);
  const radius = (1 - hip + 0.06) / 2;
  const bowl = arc(0.45, 1 - radius, between(d, 0.28, 0.4), radius, -115, between(d, 120, 165));
  const left = between(d, 0.2, 0.32);
  const tip: Point = [between(d, 0.7, 0.98), between(d, -0.06, 0.06)];
  if (style < 0.4)
    return [
      [[left + 0.05, 0.04], ...corner(left, hip + 0.05), ...bowl],
      [[left + 0.04, 0.04], tip],
    ];
  if (style < 0.72) return [[tip, ...corner(left + 0.06, 0.03), ...corner(left, hip + 0.05), ...bowl]];
  return [[tip, [0.5, 0.02], [left + 0.02, 0.2], [0.4, hip], [0.66, 0.62], [0.62, 0.9], [0.4, 1], [0.12, 0.92]]];
};

const six = (d: Draws): Stroke[] => {
  const ry = between(d, 0.19, 0.3);
  const rx = between(d, 0.2, 0.32);
  const left = 0.48 - rx;
  const loop = arc(0.48, 1 - ry, rx, ry, 165, -between(d, 150, 225), between(d, 0.7, 1));
  const top: Point = [between(d, 0.5, 0.8), 0];
  const style = d.uniform();
  if (style < 0.5) return [[top, [left + 0.17, 0.25], [left + 0.03, 0.55], ...loop]];
  if (style < 0.8) return [[[top[0] - 0.12, 0], [left + 0.08, 0.35], [left + 0.01, 0.6], ...loop]];
  return [[[0.78, 0.12], [0.62, 0], [left + 0.15, 0.18], [left + 0.01, 0.55], ...loop]];
};

const seven = (d: Draws): Stroke[] => {
  const style = d.uniform();
  const start: Point = [between(d, 0.08, 0.25), between(d, 0, 0.14)];
  const edge = corner(between(d, 0.74, 0.88), between(d, 0, 0.08));
  const foot: Point = [between(d, 0.32, 0.56), 1];
  const shin: Point = [between(d, 0.46, 0.66), between(d, 0.45, 0.55)];
  const head: Point[] =
    style < 0.55 ? [start] : style < 0.75 ? [start, [0.32, 0.02], [0.54, 0.09]] : [[0.13, 0.22], ...corner(0.15, 0.04)];
  const strokes: Stroke[] = [[...head, ...edge, shin, foot]];
  const height = shin[1] + between(d, -0.06, 0.08);
  if (chance(d, 0.25))
    strokes.push([
      [shin[0] - between(d, 0.15, 0.26), height],
      [shin[0] + between(d, 0.16, 0.28), height - between(d, -0.03, 0.06)],
    ]);
  return strokes;
};

const eight = (d: Draws): Stroke[] => {
  const waist = between(d, 0.42, 0.54);
  const style = d.uniform();
  if (style < 0.2) {
    const circle = (cy: number, rx: number, ry: number): Stroke => {
      const start = between(d, -150, -30);
      return arc(0.5, cy, rx, ry, start, start - between(d, 340, 390));
    };
    const lower = (1 - waist) / 2;
    return [circle(waist / 2, between(d, 0.17, 0.27), waist / 2), circle(1 - lower, between(d, 0.22, 0.34), lower)];
  }
  const [upper, belly] = [between(d, 0.18, 0.28), between(d, 0.2, 0.33)];
  const down: Point[] = [
    [0.5, 0],
    [0.5 - upper, waist * 0.45],
    [0.46, waist],
    [0.5 + belly, (1 + waist) / 2 + 0.03],
    [0.5, 1],
    [0.5 - belly, (1 + waist) / 2 + 0.03],
    [0.54, waist],
  ];
  const start: Point = [0.5 + upper * between(d, 0.7, 1.1), waist * between(d, 0.2, 0.45)];
  const open = style < 0.4; // the end does not come back to the start
  const end: Point = open ? [0.5 + upper * 1.3, waist * between(d, 0, 0.3)] : [0.5 + upper, waist * 0.42];
  return [[start, ...down, end, ...(open ? [] : [[0.52, 0.02] as const])]];
};

const nine = (d: Draws): Stroke[] => {
  const ry = between(d, 0.2, 0.29);
  const rx = between(d, 0.2, 0.3);
  const right = 0.46 + rx;
  const loop = arc(0.46, ry, rx, ry, between(d, -60, -5), -between(d, 320, 375), between(d, 0.88, 1.05));
  const style = d.uniform();
  const top: Point[] = corner(right, ry * between(d, 0.3, 0.9));
  if (style < 0.45) return [[...loop, ...top, [right - 0.02, 0.55], [right - between(d, 0, 0.2), 1]]];
  if (style < 0.7)
    return [[...loop, ...top, [right - 0.01, 0.55], [right - 0.12, 0.9], [0.4, 1], [between(d, 0.15, 0.3), 0.9]]];
  // the loop runs into the tail without a corner
  const around = arc(0.46, ry, rx, ry, -20, -330, 0.95);
  return [[...around, [right + 0.01, ry * 0.9], [right - 0.02, 0.6], [right - between(d, 0.08, 0.25), 1]]];
};

const glyphs = [zero, one, two, three, four, five, six, seven, eight, nine];

/** The pen strokes of a digit in one of the ways people write it, in a box of about 1 by 1. */
export const digitStrokes = (digit: number, draws: Draws): Stroke[] => glyphs[digit](draws);
