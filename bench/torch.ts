import type { HostArray } from '../src/compute/host-arrays';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Tensor } from '@tensorflow/tfjs-core';
import { type HostTensor, toReference, writeSafetensors } from '../src/checkpoints';
import type { Tensors } from '../src/compute/tensors';
import type { HostBatch } from '../src/training';

const DEBIANS = '/usr/bin/python3';

/**
 * The Python whose PyTorch is timed: the one that the environment variable COSIM_BENCH_PYTHON names, else Debian's.
 * @throws Error where the named one is not there
 */
export const pythonPath = (named: string | undefined = process.env.COSIM_BENCH_PYTHON): string => {
  if (!named) return DEBIANS;
  if (!existsSync(named)) throw new Error(`COSIM_BENCH_PYTHON: expected the path of a Python, got ${named}`);
  return named;
};

/** How PyTorch computes the networks: operation by operation, or compiled by torch.compile. */
export type TorchMode = 'eager' | 'compile';

/** The modes that a version has: torch.compile came with 2.0. */
export const modesOf = (version: string): TorchMode[] =>
  Number.parseInt(version, 10) >= 2 ? ['eager', 'compile'] : ['eager'];

/** A PyTorch process that answers requests one by one (torch_bench.py). */
export type Torch = {
  version: string;
  mode: TorchMode;
  threads: number;
  request: <Answer>(request: Record<string, unknown>) => Promise<Answer>;
  end: () => void;
};

/** Starts one process; undefined where the Python has no torch, or no numpy to read files with. */
const startMode = async (python: string, threads: number, mode: TorchMode): Promise<Torch | undefined> => {
  const child = spawn(python, ['-B', join(__dirname, 'torch_bench.py')], { stdio: ['pipe', 'pipe', 'pipe'] });
  let complaint = '';
  child.stderr.on('data', (chunk: Buffer) => (complaint += chunk.toString()));
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ended = once(child, 'exit');
  const request = async <Answer>(body: Record<string, unknown>): Promise<Answer> => {
    child.stdin.write(`${JSON.stringify(body)}\n`);
    const line = await answers.next();
    if (line.done) throw new Error(`PyTorch ended: ${complaint.trim()}`);
    return JSON.parse(line.value) as Answer;
  };
  child.stdin.on('error', () => undefined); // a process that ended is reported by the missing answer
  try {
    const { torch, threads: got } = await request<{ torch: string; threads: number }>({ threads, mode });
    return { version: torch, mode, threads: got, request, end: () => child.stdin.end() };
  } catch (error) {
    await ended;
    if (/No module named '(torch|numpy)'/.test(complaint)) return undefined;
    throw error;
  }
};

/**
 * Starts PyTorch with so many threads, a process for each mode that it has; none where Debian's Python is not there or has
 * no torch.
 * @throws Error where the Python that COSIM_BENCH_PYTHON names has no torch
 */
export const startTorch = async (threads: number): Promise<Torch[]> => {
  const python = pythonPath();
  const eager = existsSync(python) ? await startMode(python, threads, 'eager') : undefined;
  if (!eager && python !== DEBIANS)
    throw new Error(`COSIM_BENCH_PYTHON: expected a Python with torch and numpy, got ${python}`);
  if (!eager) return [];
  const others = modesOf(eager.version).filter(mode => mode !== 'eager');
  const started = await Promise.all(others.map(mode => startMode(python, threads, mode)));
  return [eager, ...started.filter(torch => torch !== undefined)];
};

/** A batch in PyTorch's layout: images [B, H, W, C] become [B, C, H, W]; the rest stays. */
const channelsFirst = ({ data, shape }: HostArray): HostTensor => {
  if (shape.length !== 4) return { dtype: 'F32', shape: [...shape], data };
  const [B, H, W, C] = shape;
  const moved = new Float32Array(data.length);
  for (let b = 0, at = 0; b < B; b++)
    for (let c = 0; c < C; c++) for (let i = 0; i < H * W; i++) moved[at++] = data[(b * H * W + i) * C + c];
  return { dtype: 'F32', shape: [B, C, H, W], data: moved };
};

/** Images of PyTorch back in our layout. */
export const channelsLast = (data: Float32Array, shape: readonly number[]): Float32Array => {
  if (shape.length !== 4) return data;
  const [B, H, W, C] = shape;
  const pixels = H * W;
  const moved = new Float32Array(data.length);
  for (let b = 0, at = 0; b < B; b++)
    for (let pixel = 0; pixel < pixels; pixel++)
      for (let c = 0; c < C; c++) moved[at++] = data[(b * C + c) * pixels + pixel];
  return moved;
};

/** Writes parameters and batches as torch_bench.py reads them. */
export const writeStart = async (
  path: string,
  { parameters, batches }: { parameters: Tensors; batches: HostBatch },
): Promise<void> => {
  const weights = Object.entries(parameters).map(async ([name, t]: [string, Tensor]): Promise<[string, HostTensor]> => [
    name,
    toReference({ dtype: 'F32', shape: t.shape, data: await t.data<'float32'>() }),
  ]);
  const inputs = Object.entries(batches).map(([name, array]) => [name, channelsFirst(array)] as const);
  await writeSafetensors(path, Object.fromEntries([...(await Promise.all(weights)), ...inputs]));
};
