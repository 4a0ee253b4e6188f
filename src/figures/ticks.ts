import { ticks } from 'd3';

/** Decades up to which 1, 2 and 5 of each are labelled. */
const FEW = 2.5;

/**
 * Values to label on a logarithmic axis: 1, 2 and 5 of each decade, of many decades powers of ten alone, and of a range in
 * which these are fewer than three, even steps.
 */
export const logTicks = (low: number, high: number): number[] => {
  const decades = Math.log10(high / low);
  const first = Math.floor(Math.log10(low));
  const powers = Array.from({ length: Math.ceil(decades) + 2 }, (_, i) => first + i);
  const every = Math.ceil(decades / 7);
  const found =
    decades < FEW
      ? powers.flatMap(power => [1, 2, 5].map(digit => `${digit}e${power}`))
      : powers.filter(power => power % every === 0).map(power => `1e${power}`);
  const inside = found.map(Number).filter(tick => tick >= low && tick <= high);
  return inside.length >= 3 ? inside : ticks(low, high, 5);
};
