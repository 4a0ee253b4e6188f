import { clock } from '../notebook';

/** What a line of progress says of something that goes on: how far, how fast, how long still. */
export const rateText = (start: number): ((done: number, total: number | undefined, unit: string) => string) => {
  let [since, first] = [performance.now(), start];
  return (done, total, unit) => {
    if (done < first) [since, first] = [performance.now(), done]; // it began anew
    const seconds = (performance.now() - since) / 1000;
    const rate = seconds > 0.5 ? (done - first) / seconds : 0;
    const number = (value: number): string =>
      unit === 'MB' ? (value / 1e6).toFixed(1) : Math.round(value).toLocaleString('en-US');
    const whole = total === undefined ? '' : ` of ${number(total)}`;
    const speed = rate > 0 ? `, ${number(rate)} ${unit}/s` : '';
    const left = rate > 0 && total !== undefined ? `, ${clock((total - done) / rate)} left` : '';
    return `${number(done)}${whole} ${unit}${speed}${left}`;
  };
};
