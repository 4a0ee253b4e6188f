import type { TimesStudy } from './sampling-times';

type Tried = TimesStudy['landscape'][number];

/**
 * What a time search tried in its first round, each with the factor by which its time was multiplied: the first entry of
 * every pass over a time is that time as it was, factor 1.
 */
export const triedScales = (landscape: readonly Tried[]): (Tried & { scale: number })[] => {
  const centres = new Map<string, number>();
  return landscape
    .filter(({ round }) => round === 0)
    .map(entry => {
      const { task, steps, seed, index, time } = entry;
      const pass = JSON.stringify([task, steps, seed, index]);
      const centre = centres.get(pass) ?? time;
      centres.set(pass, centre);
      return { ...entry, scale: Number((time / centre).toPrecision(6)) };
    });
};
