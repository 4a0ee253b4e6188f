import { ticks } from 'd3';

/** Decades up to which 1, 2 and 5 of each are labelled. */
const FEW = 2.5;

/**
 * Values to label on a logarithmic axis: of many decades powers of ten; where these are fewer than three, 1, 2 and 5 of each
 * decade; where these are, even steps.
 */
export const logTicks = (low: number, high: number): number[] => {
  const decades = Math.log10(high / low);
  const first = Math.floor(Math.log10(low));
  const powers = Array.from({ length: Math.ceil(decades) + 2 }, (_, i) => first + i);
  const every = Math.ceil(decades / 7);
  const inside = (all: readonly string[]): number[] => all.map(Number).filter(tick => tick >= low && tick <= high);
  const found = [
    decades < FEW ? [] : inside(powers.filter(power => power % every === 0).map(power => `1e${power}`)),
    inside(powers.flatMap(power => [1, 2, 5].map(digit => `${digit}e${power}`))),
  ];
  return found.find(({ length }) => length >= 3) ?? ticks(low, high, 5);
};
