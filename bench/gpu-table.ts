/* README's table of times on a GPU, from bench/gpu.json, which scripts/check-gpu/collect.ts writes. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { KernelTime } from '../src/compute/xla/kernel-times';
import { table } from '../src/figures';
import { paperPreset } from '../src/training';

export type GpuRow = {
  case: string;
  batch: number;
  precision: string;
  /**
   * 'xla' (batch uploaded and metrics read every step), 'xla Run' (as `Run.train` computes it, its data on the device), 'xla'
   * with the name of XLA options that were tried, 'torch eager', 'torch compile', or 'torch blocks': its residual blocks
   * compiled.
   */
  engine: string;
  /** The card; default the report's. */
  card?: string;
  /** Of a whole training step, a forward pass, or four steps of sampling: the median of blocks of steps. */
  ms: number;
  /** First and third quartile of the blocks. */
  quartiles?: [number, number];
  /** The same with metrics read only at the end. */
  msMetricsLate?: number;
  /** Of a step's batch, when nothing else happens. */
  uploadMs?: number;
  /** 1e12 operations a second in matrix products and convolutions, by their number in the module and `ms`. */
  tflops?: number;
  peakBytes?: number;
  steps?: number;
  /** Until all its programs are compiled. */
  compileSeconds?: number;
  /** The same while other processes compiled on the same processors; PyTorch's with three steps. */
  togetherSeconds?: number;
  /** The same from the cache of programs. */
  loadSeconds?: number;
  /** The kernels that take longest, while a profiler records: calls and ms a step. */
  kernels?: KernelTime[];
  /** All kernels of a step, of all streams. */
  kernelsMs?: number;
  commit: string;
};

export type GpuReport = {
  device: string;
  driver: string;
  plugin: string;
  torch: string;
  date: string;
  checks: Record<string, unknown>[];
  rows: GpuRow[];
};

const seconds = (value: number | undefined): string => (value === undefined ? '' : value.toPrecision(2));
const gib = (bytes: number | undefined): string => (bytes === undefined ? '' : (bytes / 2 ** 30).toFixed(2));

/** `12.3 ± 0.4`: half the distance of the quartiles, where they are known. */
const time = (row: GpuRow | undefined): string => {
  if (!row) return '';
  const ms = row.ms.toPrecision(3);
  return row.quartiles ? `${ms} ± ${((row.quartiles[1] - row.quartiles[0]) / 2).toPrecision(1)}` : ms;
};

type Peaks = Readonly<Record<string, number>>;
const HOPPER: Peaks = { tf32: 494, bf16: 989 };
const AMPERE: Peaks = { tf32: 156, bf16: 312 };

/** What makers state for products of dense matrices on the tensor cores, TFLOP/s by precision, by the card's own name. */
const PEAKS: readonly (readonly [card: RegExp, peaks: Peaks])[] = [
  [/^NVIDIA H100 80GB HBM3$|^NVIDIA H200$/, HOPPER],
  [/^NVIDIA A100/, AMPERE],
];

/** `12 %` of what the card could do; empty for a card or a precision that is not known here. */
export const shareOfPeak = ({ tflops, card = '', precision }: GpuRow): string => {
  const peak = PEAKS.find(([known]) => known.test(card))?.[1][precision];
  return tflops === undefined || peak === undefined ? '' : `${((100 * tflops) / peak).toPrecision(2)} %`;
};

const MS_A_DAY = 86.4e6;
const CARDS = 8; // of the paper

/** What the paper's CIFAR-10 run would take at the time of one step of its network. */
const paperRun = ({ rows, device }: GpuReport): string => {
  const step = rows.find(row => row.case === 'cifar-cosim' && row.engine === 'xla');
  if (!step) return '';
  const { images } = paperPreset('cifar10-uncond');
  const days = ((images / step.batch) * step.ms) / MS_A_DAY;
  const [one, many] = [days, days / CARDS].map(value => value.toPrecision(2));
  const run = `the paper's CIFAR-10 run of ${images / 1e6} million images would take ${one} days in ${step.precision} on one ${step.card ?? device}`;
  return ` By \`cifar-cosim\` ${run}, and ${many} on ${CARDS} that lose nothing by sharing the batch: computed, not run.`;
};

const NAME_LENGTH = 48; // a kernel's name can have hundreds of letters

/** `loop_add_fusion 12 % (3 calls)`, of all kernels' time. */
const kernelText = ({ name, calls, ms }: KernelTime, all: number): string => {
  const short = name.length > NAME_LENGTH ? `${name.slice(0, NAME_LENGTH - 1)}…` : name;
  return `${short} ${((100 * ms) / all).toPrecision(2)} % (${Number(calls.toPrecision(3))} calls)`;
};

/** A line a case whose kernels were recorded: what they take, and the longest. Empty where none were. */
export const kernelBlock = (rows: readonly GpuRow[]): string => {
  const lines = rows.flatMap(({ case: name, batch, precision, kernels = [], kernelsMs: all }) =>
    all === undefined || kernels.length === 0
      ? []
      : [
          {
            case: name,
            batch: String(batch),
            precision,
            'kernels, ms': all.toPrecision(3),
            'the longest, share of that': kernels.map(kernel => kernelText(kernel, all)).join(', '),
          },
        ],
  );
  return lines.length === 0 ? '' : `\n\n${table(lines).markdown}`;
};

/** One line a case, batch and precision: XLA from Node beside PyTorch on the same card. */
export const gpuBlock = (): string => {
  const report = JSON.parse(readFileSync(join(__dirname, 'gpu.json'), 'utf8')) as GpuReport;
  const same = (a: GpuRow, b: GpuRow): boolean =>
    a.case === b.case && a.batch === b.batch && a.precision === b.precision && a.card === b.card;
  const rows = report.rows.filter(({ engine }) => engine === 'xla');
  const lines = rows.map(row => {
    const of = (engine: string): GpuRow | undefined => report.rows.find(r => r.engine === engine && same(r, row));
    const [run, eager, whole, blocks] = ['xla Run', 'torch eager', 'torch compile', 'torch blocks'].map(of);
    const compiled = whole ?? blocks;
    return {
      case: row.case,
      batch: String(row.batch),
      precision: row.precision,
      'XLA, ms': time(row),
      'as a run, ms': time(run),
      'PyTorch eager, ms': time(eager),
      'torch.compile, ms': time(compiled) + (compiled && compiled === blocks ? ' (blocks)' : ''),
      'metrics read late, ms': row.msMetricsLate?.toPrecision(3) ?? '',
      'upload alone, ms': row.uploadMs?.toPrecision(2) ?? '',
      'ratio to eager': eager ? (row.ms / eager.ms).toFixed(2) : '',
      'to torch.compile': compiled ? (row.ms / compiled.ms).toFixed(2) : '',
      'peak GiB, XLA / PyTorch': `${gib(row.peakBytes)} / ${gib(eager?.peakBytes)}`,
      'TFLOP/s': row.tflops?.toPrecision(3) ?? '',
      'of the peak': shareOfPeak({ ...row, card: row.card ?? report.device }),
      'compile, s': seconds(row.compileSeconds),
      'beside others, s': seconds(row.togetherSeconds),
      'from the cache, s': seconds(row.loadSeconds),
    };
  });
  const shown = Object.keys(lines[0]).filter(name => lines.some(line => line[name as keyof (typeof lines)[0]] !== ''));
  const filled = lines.map(line => Object.fromEntries(Object.entries(line).filter(([name]) => shown.includes(name))));
  const each = (values: (string | undefined)[]): string => [...new Set(values)].join(', ');
  const cards = each(report.rows.map(({ card = report.device }) => card));
  const place = `${cards}, driver ${report.driver}, ${report.plugin}, PyTorch ${report.torch}`;
  const commits = each(report.rows.map(({ commit }) => commit));
  const note = `_${place}; commit ${commits}; ${report.date.slice(0, 10)}; empty: not measured; \`bench/gpu.json\`.${paperRun(report)}_`;
  return `${table(filled).markdown}${kernelBlock(rows)}\n\n${note}`;
};
