/* What `cosim distill` says: of a run before it starts, of what it will take, and at its end. */
import type { DistillEstimate, DistillRunResult, Snapshot } from '../runs';
import type { IterationReport } from '../training';
import { columns, grouped, quoted } from './terminal';

const DAY = 86_400;

/** Seconds in the largest unit that leaves a number above 1: `1.4 s`, `35 min`, `12 days`. */
export const durationText = (seconds: number): string => {
  const units: [name: string, size: number][] = [
    ['years', 365 * DAY],
    ['days', DAY],
    ['h', 3600],
    ['min', 60],
    ['s', 1],
  ];
  const [name, size] = units.find(([, unit]) => seconds >= 1.5 * unit) ?? ['s', 1];
  const value = Number((seconds / size).toPrecision(2));
  return `${value >= 1000 ? grouped(value) : value} ${name}`;
};

/** Bytes as `11.6 GB` or `24 MB`. */
export const memoryText = (bytes: number): string =>
  bytes >= 1e9 ? `${Number((bytes / 1e9).toPrecision(3))} GB` : `${Number((bytes / 1e6).toPrecision(3))} MB`;

/** `~12 GB of 80 GB`; what there is only where the device says it. */
const deviceMemoryText = ({ bytes, limit }: NonNullable<DistillEstimate['deviceMemory']>): string =>
  `memory ~${memoryText(bytes)}${limit > 0 ? ` of ${memoryText(limit)}` : ''}`;

/** `one step of 2,048 images: ~3 h; 200,000,000 images: ~34 years on this machine; memory ~12 GB`, and what that rests on. */
export const estimateText = (estimate: DistillEstimate, images: number): string => {
  const { measured, engine, batch, stepSeconds, totalSeconds, stateBytes, memoryBytes, deviceMemory } = estimate;
  const samples = measured.map(step => step.samples).join(' and ');
  return [
    `one step of ${grouped(batch)} images: ~${durationText(stepSeconds)}; `,
    `${grouped(images)} images: ~${durationText(totalSeconds)} on this machine; memory ~${memoryText(memoryBytes)}\n`,
    columns([
      [
        'measured',
        `rounds of ${samples} samples, ${engine.engine}, ${engine.device ?? `${engine.workers} worker${engine.workers > 1 ? 's' : ''}`}`,
      ],
      ['memory', `${memoryText(stateBytes)} of it for parameters, average, gradients and moments, each once`],
      ...(deviceMemory ? [['on the device', deviceMemoryText(deviceMemory)]] : []),
    ]),
  ].join('');
};

/** The losses of the last step, each short. */
export const lossText = (report: IterationReport): string =>
  Object.entries(report)
    .filter(([name]) => name.endsWith('Loss'))
    .map(([name, value]) => `${name.slice(0, -4)} loss ${Number(value.toPrecision(3))}`)
    .join(', ');

/** A line for what was seen of the generator; empty where nothing was to be seen. */
export const snapshotText = ({ images, sheet, measured }: Snapshot): string => {
  const values = measured.flatMap(({ steps, results }) =>
    results.map(
      ({ metric, value }) => `${metric} ${Number(value.toPrecision(4))} (${steps} step${steps > 1 ? 's' : ''})`,
    ),
  );
  const parts = [...(sheet === undefined ? [] : [sheet]), ...values];
  return parts.length === 0 ? '' : `${grouped(images)} images: ${parts.join(', ')}\n`;
};

const secondsOf = ({ history }: DistillRunResult): number => history.reduce((sum, report) => sum + report.seconds, 0);

/** What `--json` says of a run that has ended: `DistillRunResult` with the last report in the place of the history. */
export const closingResult = (dir: string, result: DistillRunResult): Record<string, unknown> => {
  const { images, steps, engine, last, history } = result;
  return { dir, images, steps, seconds: secondsOf(result), engine, last, report: history.at(-1) };
};

/** What the run was, and what can be done with it. */
export const closingText = (dir: string, result: DistillRunResult): string => {
  const { images, steps, history, engine, last } = result;
  const end = history.at(-1);
  return columns([
    ['trained', `${grouped(images)} images in ${grouped(steps)} steps, ${durationText(secondsOf(result))}`],
    ['engine', [engine.engine, engine.device, engine.precision, engine.reason].filter(Boolean).join(', ')],
    ...(end ? [['last step', lossText(end)]] : []),
    ...(last.sheet === undefined ? [] : [['sheet', last.sheet]]),
    ...last.measured.map(({ file }) => ['measured', file]),
    ['sample', `cosim sample --network ${quoted(dir)} --steps 4`],
    ['export', `cosim export ${quoted(dir)} --onnx generator.onnx`],
  ]);
};
