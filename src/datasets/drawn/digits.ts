import { createCanvas } from 'canvas';
import { expectInteger, expectOneOf, withDefaults } from '../../compute/check';
import { randomSource } from '../../compute/noise';
import { type Dataset, type Split, splits } from '../dataset';
import { digitStrokes } from './digit-strokes';
import { write } from './pen';

/** Options of `digits`. */
export type DigitsOptions = {
  /** Which endless set of digits. */
  seed?: number;
  /** 'train' and 'test' share no random number. */
  split?: Split;
  /** Pixels a side. */
  resolution?: number;
};

const defaults: Required<DigitsOptions> = { seed: 0, split: 'train', resolution: 16 };

/** Canvas pixels a side of each image pixel; more only costs time, since the canvas smooths its edges too. */
const oversampling = 2;

/**
 * Drawn digits: ten classes written stroke by stroke, each image by a hand of its own, [resolution, resolution, 1] with
 * 0 for paper and up to 255 for ink. Endless; sample i of a seed and split is always the same.
 * @throws ArgumentError for unknown options and a resolution below 8
 * @example
 * const dataset = digits({ seed: 0, split: 'train' });
 */
export const digits = (options: DigitsOptions = {}): Dataset => {
  const { seed, split, resolution } = withDefaults('digits', options, defaults);
  expectInteger('digits', 'seed', seed);
  expectOneOf('digits', 'split', split, splits);
  expectInteger('digits', 'resolution', resolution, { min: 8, max: 256 });

  const size = resolution * oversampling;
  const context = createCanvas(size, size).getContext('2d');
  const pixels = resolution * resolution;

  /** Draws sample `index` into x at `offset`; returns its label. */
  const draw = (index: number, x: Uint8Array, offset: number): number => {
    const draws = randomSource({ seed, stream: `digits.${split}`, sample: index });
    const label = draws.integer(10);
    context.fillStyle = 'black';
    context.fillRect(0, 0, size, size);
    context.strokeStyle = 'white';
    write(context, digitStrokes(label, draws), size, draws);
    const pressure = (0.85 + 0.4 * draws.uniform()) / oversampling ** 2; // above 255 the ink saturates
    const { data } = context.getImageData(0, 0, size, size);
    for (let row = 0; row < resolution; row++)
      for (let column = 0; column < resolution; column++) {
        let sum = 0;
        for (let i = 0; i < oversampling; i++)
          for (let j = 0; j < oversampling; j++)
            sum += data[4 * ((row * oversampling + i) * size + column * oversampling + j)];
        x[offset + row * resolution + column] = Math.round(Math.min(255, pressure * sum));
      }
    return label;
  };

  return {
    name: `digits${resolution}`,
    sampleShape: [resolution, resolution, 1],
    classes: 10,
    length: Infinity,
    provenance: { source: 'drawn digits', seed, split, resolution },
    batch: indices => {
      const x = new Uint8Array(indices.length * pixels);
      const labels = Int32Array.from(indices, (index, i) => draw(index, x, i * pixels));
      return Promise.resolve({ x, labels });
    },
  };
};
