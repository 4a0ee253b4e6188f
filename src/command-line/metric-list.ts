import { InvalidArgumentError } from 'commander';
import { SET_METRICS, setMetricNames } from '../metrics';

/** 'fd,kid' to names that are known. */
export const metricList = (text: string): string[] =>
  text.split(',').map(part => {
    const name = part.trim();
    if (Object.hasOwn(SET_METRICS, name)) return name;
    throw new InvalidArgumentError(`must be some of ${setMetricNames.join(', ')}, got '${name}'`);
  });
