/** '90s', '45m', '2h' in seconds. @throws Error naming the option for any other text */
export const secondsOf = (option: string, text: string): number => {
  const [, count, unit] = /^(\d+(?:\.\d+)?)([smh])$/.exec(text) ?? [];
  if (count === undefined) throw new Error(`${option} must be a time as 90s, 45m or 2h, got '${text}'`);
  return Number(count) * { s: 1, m: 60, h: 3600 }[unit as 's' | 'm' | 'h'];
};

/** Milliseconds for a timer; Node's hold some 25 days, and longer ones end at once. */
export const timerOf = (seconds: number): number => Math.min(1000 * seconds, 2 ** 31 - 1);
