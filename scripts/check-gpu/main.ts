/*
 * The program of the bundle, one section a process, so that nothing one section does reaches another:
 *   node check-gpu.cjs client | kernels | steps | speed CASE... | inference CASE... | run CASE... | features
 * or all that is timed, in turns: node check-gpu.cjs times
 */
import { join } from 'node:path';
import { clientSection } from './client-section';
import { featuresSection } from './features-section';
import { inferenceSection } from './inference-section';
import { kernelsSection } from './kernels-section';
import { reportOf } from './report';
import { runSection } from './run-section';
import { speedSection } from './speed-section';
import { stepsSection } from './steps-section';
import { timesSection } from './times-section';

const main = async ([name, ...args]: string[]): Promise<void> => {
  const report = reportOf(process.env.CHECK_LABEL ?? name);
  const cache = process.env.CHECK_CACHE ?? join(process.env.OUT ?? '.', 'programs');
  const started = performance.now();
  try {
    if (name === 'client') await clientSection(report, cache);
    else if (name === 'kernels') await kernelsSection(report);
    else if (name === 'steps') await stepsSection(report);
    else if (name === 'speed') await speedSection(report, cache, args);
    else if (name === 'inference') await inferenceSection(report, cache, args);
    else if (name === 'run') await runSection(report, args);
    else if (name === 'times') await timesSection(report, args);
    else if (name === 'features') await featuresSection(report, cache, args);
    else throw new Error(`no section is named ${name}`);
    report({ done: true, seconds: (performance.now() - started) / 1000 });
  } catch (error) {
    report({ error: String((error as Error).stack).slice(0, 3000) });
    process.exitCode = 1;
  }
  process.exit(); // the plugin's threads may outlive it
};

void main(process.argv.slice(2));
