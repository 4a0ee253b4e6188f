import { spawn } from 'node:child_process';
import { Command, Option } from 'commander';
import { parseNumbers } from '../checkpoints';
import { selectBackend } from '../compute';
import { PRECISIONS, type Precision } from '../compute/xla/emitter';
import { bytesInWords, DeviceError, openXlaDevice } from '../compute/xla/pjrt';
import { checkDevice, type DeviceCheck } from '../training/check-device';
import { giveResult, jsonLine, type JsonOption, withJson } from './json-output';
import { columns, type Terminal } from './terminal';

/** What the check found, and on what. */
type Found = DeviceCheck & { device: string; devices: number; version: string; peak: number; limit: number };

const check = async (precision: Precision): Promise<Found> => {
  await selectBackend({ backend: 'wasm' });
  const device = await openXlaDevice();
  try {
    const result = await checkDevice(device, precision);
    const { peak, limit } = device.client.memory();
    return {
      ...result,
      device: device.name,
      devices: device.count,
      version: device.client.platformVersion,
      peak,
      limit,
    };
  } finally {
    device.dispose();
  }
};

/** What the process that checks says: its last line. */
type Answer = { found: Found } | { problem: string };

/** In a process of its own: checks, says what it found, ends. */
export const answer = async (precision: Precision): Promise<void> => {
  const said: Answer = await check(precision).then(
    found => ({ found }),
    (error: Error) => ({ problem: error instanceof DeviceError ? error.message : (error.stack ?? String(error)) }),
  );
  process.stdout.write(`\n${jsonLine(said)}`, () => process.exit());
};

/** A plugin that dies takes its process along, so it gets one of its own. @throws DeviceError */
const checkApart = (precision: Precision): Promise<Found> =>
  new Promise((resolve, reject) => {
    const file = require.resolve('./engine-check');
    const hook = file.endsWith('.ts') ? `require('tsx/cjs');` : '';
    const code = `${hook} void require(${JSON.stringify(file)}).answer(${JSON.stringify(precision)})`;
    const child = spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'pipe', 'pipe'] });
    let [out, err] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (err = (err + chunk.toString()).slice(-1000)));
    child.on('error', reject);
    child.on('close', (status, signal) => {
      try {
        const said = parseNumbers(out.trim().split('\n').at(-1) ?? '') as Answer;
        if ('found' in said) resolve(said.found);
        else reject(new DeviceError(said.problem));
      } catch {
        const how = signal ?? `code ${status}`;
        reject(
          new DeviceError(
            `the plugin died (${how}). Its last words: ${err.trim().split('\n').slice(-3).join(' | ') || 'none'}`,
          ),
        );
      }
    });
  });

const foundText = (found: Found): string => {
  const { device, devices, version, lossError, changeError, compileSeconds, stepMs, peak, limit } = found;
  return columns([
    ['device', devices > 1 ? `${devices} x ${device}` : device],
    ['version', version],
    ['loss', `differs by ${lossError.toExponential(1)}`],
    ['parameters', `change differs by ${changeError.toExponential(1)}`],
    ['compiled', `in ${compileSeconds.toFixed(1)} s`],
    ['step', `${stepMs.toFixed(2)} ms`],
    ...(limit > 0 ? [['memory', `${bytesInWords(peak)} of ${bytesInWords(limit)} at the most`]] : []),
  ]);
};

type CheckOptions = JsonOption & { precision: Precision };

/** `cosim engine check`. */
export const engineCheckCommand = (terminal: Terminal): Command =>
  withJson(
    new Command('check')
      .summary('compare one small step on the accelerator with the processor')
      .description(
        'Distils a small network for one step on the accelerator and on the processor and compares what they compute; then ' +
          'times it. Ends with 1 where they differ by more than rounding.',
      )
      .addOption(new Option('--precision <name>', 'of products').choices(PRECISIONS).default('float32')),
  )
    .addHelpText('after', '\nExamples:\n  $ cosim engine check\n  $ cosim engine check --precision tf32')
    .action(async ({ precision, ...options }: CheckOptions) => {
      const found = await checkApart(precision);
      giveResult(terminal, options, { precision, ...found }, () => foundText(found));
      if (precision === 'float32' && !found.agrees)
        throw new DeviceError('the accelerator and the processor do not agree');
    });
