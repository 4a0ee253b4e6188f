/** How fast something goes on, and how long still. */
export type Pace = {
  /** Since the first count. */
  seconds: number;
  /** Counted a second; absent until half a second has been measured. */
  rate?: number;
  /** Seconds that the rest takes at this rate; absent without a rate or a total. */
  left?: number;
};

/** How far something is. */
export type Counted = {
  done: number;
  total?: number;
  /** Of `done`, what was made by this process rather than found; without it everything after the first count. */
  made?: number;
};

const SHORTEST = 0.5; // seconds: below it a rate says nothing

/** Seconds as 0:05, 1:23 or 1:02:03. */
export const clock = (seconds: number): string => {
  const whole = Math.max(0, Math.round(seconds));
  const two = (value: number) => String(value).padStart(2, '0');
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  return hours ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
};

/**
 * The one place where a rate and the time left are computed. Only what runs now counts: what is there at the first count,
 * of a resumed run or half a download, came from before, and time in which nothing was counted (a compilation) is left
 * out. A count that falls begins anew.
 * @param now milliseconds
 */
export const paceMeter = (now: () => number = () => performance.now()): ((counted: Counted) => Pace) => {
  let [start, last] = [{ time: 0, count: NaN }, NaN];
  return ({ done, total, made = done }) => {
    const time = now();
    if (!(made >= last) || made === start.count) start = { time, count: made }; // the first, a fall, or nothing new yet
    last = made;
    const seconds = (time - start.time) / 1000;
    if (seconds < SHORTEST) return { seconds };
    const rate = (made - start.count) / seconds;
    return { seconds, rate, ...(total !== undefined && { left: Math.max(0, total - done) / rate }) };
  };
};
