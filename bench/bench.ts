// Times training steps, forward passes and sampling beside PyTorch on the same networks, weights and batches; every case
// in a process of its own (one-case.ts). Drawing data and noise is timed on neither side, but for sampling's on ours, and for
// noise that the xla engine draws on its device.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { writeFileAtomic } from '../src/checkpoints';
import { BACKENDS, selectBackend } from '../src/compute/backend';
import { expectInteger, expectOneOf } from '../src/compute/check';
import { probeBlock, runtimeProblem } from '../src/compute/onnx';
import { deviceProblem } from '../src/compute/xla/pjrt';
import { type Case, CASES, SCALING } from './cases';
import type { Row, Task } from './one-case';
import { provenance } from './provenance';
import { type Measured, measuredRows, mergedRows, RESULTS } from './rows';
import { torchOf } from './speed-table';
import { pythonPath } from './torch';
import { choosePlugin } from './xla-device';

const ENGINES = ['compiled', 'xla', ...BACKENDS] as const;
type Engine = (typeof ENGINES)[number];

const USAGE = `npm run bench -- [options]
  --case NAME      only this case, may be repeated: ${CASES.map(({ name }) => name).join(', ')}
  --engine NAME    only this engine, may be repeated: ${ENGINES.join(', ')};
                   default: all but cpu and xla that start
  --scaling        instead: time against batch size, workers and parameters, compiled engine alone
  --rounds N       timed rounds of each side, default 9
  --threads N      PyTorch's threads and our workers, default the number of processors (${availableParallelism()})
  --no-torch       ours alone
  --json           one JSON line a row instead of the table
PyTorch is that of the Python that COSIM_BENCH_PYTHON names, default /usr/bin/python3: eager and, from 2.0 on, compiled too.
xla computes on the accelerator that is here, else on the processor by the plugin that node scripts/cpu-plugin.mjs fetches.
Rows replace those of the same case, engine and PyTorch in bench/results.json.`;

const measuredHere = async () => ({
  ...provenance(),
  block: runtimeProblem() === undefined ? await probeBlock() : 0,
});

/** Runs one task in a process of its own: a row for each PyTorch. */
const measure = async (task: Task): Promise<Row[]> => {
  const child = spawn(process.execPath, ['--import', 'tsx', join(__dirname, 'one-case.ts')], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let [out, complaint] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (complaint += chunk.toString()));
  child.stdin.end(JSON.stringify(task));
  await once(child, 'close');
  if (child.exitCode !== 0) throw new Error(`${task.which.name} on ${task.engine}: ${complaint.slice(-1500)}`);
  return JSON.parse(out.trim().split('\n').pop()!) as Row[];
};

const number = (value: number | null, digits: number): string => (value === null ? '-' : value.toFixed(digits));
const percent = (value: number | null): string => (value === null ? '' : ` ±${(50 * value).toFixed(0)}%`);

const COLUMNS: [heading: string, width: number, cell: (row: Row) => string][] = [
  ['case', 22, row => row.case],
  ['engine', 12, row => row.engine],
  ['ours ms', 14, row => number(row.ours_ms, 1) + percent(row.ours_spread)],
  ['torch', 16, row => (row.torch_version === null ? '-' : torchOf(row))],
  ['torch ms', 14, row => number(row.torch_ms, 1) + percent(row.torch_spread)],
  ['ratio', 6, row => number(row.ratio, 2)],
  ['ours CPU', 9, row => number(row.ours_cpu_ms, 1)],
  ['torch CPU', 9, row => number(row.torch_cpu_ms, 1)],
  ['ours MB', 8, row => number(row.ours_peak_mb, 0)],
  ['torch MB', 8, row => number(row.torch_peak_mb, 0)],
  ['error', 6, row => row.result_error?.toExponential(0) ?? '-'],
];
const line = (texts: string[]): string =>
  texts.map((text, i) => (i < 2 ? text.padEnd(COLUMNS[i][1]) : text.padStart(COLUMNS[i][1]))).join('  ');

/** Engines to time, with the reason for each that does not start. */
const startable = async (asked: readonly Engine[], note: (text: string) => void): Promise<Engine[]> => {
  const found: Engine[] = [];
  for (const engine of asked) {
    try {
      const problem = engine === 'compiled' ? runtimeProblem() : undefined;
      if (problem !== undefined) throw new Error(problem);
      if (engine === 'xla') choosePlugin(await deviceProblem());
      else if (engine !== 'compiled') await selectBackend({ backend: engine });
      found.push(engine);
    } catch (error) {
      note(`${engine}: ${(error as Error).message}`);
    }
  }
  return found;
};

const store = (rows: readonly Measured[]): Promise<void> =>
  writeFileAtomic(RESULTS, `${JSON.stringify({ rows: mergedRows(measuredRows(), rows) }, null, 2)}\n`);

const main = async (): Promise<void> => {
  const { values } = parseArgs({
    options: {
      case: { type: 'string', multiple: true },
      engine: { type: 'string', multiple: true },
      scaling: { type: 'boolean', default: false },
      rounds: { type: 'string', default: '9' },
      threads: { type: 'string', default: String(availableParallelism()) },
      'no-torch': { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return console.log(USAGE);
  const rounds = expectInteger('bench', 'rounds', Number(values.rounds), { min: 1 });
  const threads = expectInteger('bench', 'threads', Number(values.threads), { min: 1 });
  const known: readonly Case[] = values.scaling ? SCALING : CASES;
  const names = known.map(({ name }) => name);
  const chosen = values.case?.map(name => expectOneOf('bench', 'case', name, names)) ?? names;
  const asked = values.engine?.map(name => expectOneOf('bench', 'engine', name, ENGINES));

  const python = pythonPath();
  const note = (text: string): void => console.error(text);
  const all = values.scaling ? (['compiled'] as const) : ENGINES.filter(name => name !== 'cpu' && name !== 'xla');
  const engines = await startable(asked ?? all, note);
  await selectBackend({ backend: 'cpu' }); // some backend must be in use to trace the probe
  const made = await measuredHere();
  if (!values.json) console.log(line(COLUMNS.map(([heading]) => heading)));
  const failures: string[] = [];
  for (const which of known.filter(({ name }) => chosen.includes(name)))
    for (const engine of engines)
      for (const workers of values.scaling ? [1, threads] : [threads]) {
        const task = { which, engine, workers, rounds, threads: values['no-torch'] || values.scaling ? 0 : threads };
        try {
          const rows = await measure(task);
          if (task.threads > 0 && rows[0].torch_ms === null)
            note(`No torch with numpy in ${python}: ours alone is timed.`);
          await store(rows.map((row): Measured => ({ ...row, ...made })));
          for (const row of rows)
            console.log(values.json ? JSON.stringify(row) : line(COLUMNS.map(([, , cell]) => cell(row))));
        } catch (error) {
          failures.push((error as Error).message);
          note((error as Error).message);
        }
      }
  if (failures.length > 0 || engines.length === 0) process.exitCode = 1;
};

void main();
