/** One quantity of a case: how far ours is from the reference's, and how far float32 is from float64 there. */
export type Measure = {
  quantity: string;
  error: number;
  floor: number;
  absent?: true; // recorded, but there is nothing here that computes it: said, not counted
};

/** An independent float32 implementation should land within this many noise floors. */
export const LIMIT = 10;

/** Floors where a case records none: what the reference's own cases show for float32 and for float64 on the host. */
export const TYPICAL = { forward: 1e-6, gradient: 3e-6, float64: 1e-13 } as const;

/** error / floor; an exact quantity (floor 0) is either 0 or infinitely far. */
export const ratioOf = ({ error, floor }: Measure): number => (error === 0 ? 0 : error / floor);

/** False also for an error that is not a number. */
export const passes = (measure: Measure): boolean => measure.absent ?? ratioOf(measure) <= LIMIT;

/** The largest ratio of a case. */
export const worst = (measures: readonly Measure[]): Measure =>
  measures.reduce((a, b) => (ratioOf(b) > ratioOf(a) || Number.isNaN(b.error) ? b : a));

/** ||a - b|| / ||b||. */
export const relativeError = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  if (a.length !== b.length) throw new Error(`lengths differ: ${a.length} and ${b.length}`);
  let [difference, norm] = [0, 0];
  for (let i = 0; i < a.length; i++) {
    difference += (a[i] - b[i]) ** 2;
    norm += b[i] ** 2;
  }
  return Math.sqrt(difference / Math.max(norm, Number.MIN_VALUE));
};

/** A single number against the reference's, relative to it. */
export const scalar = (quantity: string, ours: number, theirs: number, floor: number): Measure => ({
  quantity,
  error: theirs === 0 ? Math.abs(ours) : Math.abs(ours - theirs) / Math.abs(theirs),
  floor,
});

/** A recorded quantity that nothing here computes. */
export const absent = (quantity: string): Measure => ({ quantity, error: 0, floor: 0, absent: true });

/** A number that must be the reference's exactly. */
export const exact = (quantity: string, ours: number, theirs: number): Measure => ({
  quantity,
  error: Math.abs(ours - theirs),
  floor: 0,
});

/** An array against the reference's, relative L2. */
export const array = (
  quantity: string,
  ours: ArrayLike<number>,
  theirs: ArrayLike<number>,
  floor: number,
): Measure => ({
  quantity,
  error: relativeError(ours, theirs),
  floor,
});
