import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { availableParallelism, cpus, freemem, totalmem } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { createCanvas } from 'canvas';
import { type BackendName, type BackendReport, selectBackend } from '../compute/backend';
import { askedEngine, eagerReason } from '../compute/engine-choice';
import { targetFor } from '../compute/onnx';
import { deviceProblem, findPlugin, nvidiaDriver } from '../compute/xla/pjrt';

/** What the project found on this machine. Plain data; `formatReport` turns it into text. */
export type DoctorReport = {
  /** Version of Node. */
  node: string;
  /** Version of the kernel. */
  tslab: string;
  /** Version inside the kernel, which compiles the cells. */
  typescript: string;
  /** Without a name: why the one asked for cannot be had. */
  backend: { name?: BackendName; tried: BackendReport['tried']; problem?: string };
  /** What computes runs and samplers: xla, compiled (how) or eager (why); or why the one asked for cannot be had. */
  engine: string;
  /** The plugin and driver of the xla engine, or why it has none. */
  accelerator: string;
  cpu: { model: string; cores: number };
  /** Bytes. */
  memory: { free: number; total: number };
  /** Bytes, where the project lies. */
  disk: { free: number };
  /** No text: the machine has no font. */
  canvas: { version: string; drawsText: boolean };
  /** Versions by package; undefined when set-up found none. */
  jupyter: Record<string, string> | undefined;
  /** Path from the project's folder. */
  kernelspec: { path: string; present: boolean };
  /** Versions from package.json that results depend on. */
  pinned: Record<string, string>;
};

const ROOT = resolve(__dirname, '..', '..'); // the same from src/notebook and from dist/notebook
const KERNELSPEC = '.jupyter/data/kernels/tslab/kernel.json';
const PINNED = /^(@tensorflow\/.*|canvas|koffi|onnxruntime-node|vega|vega-lite)$/;
const PYTHON_VERSIONS = `
import importlib.metadata, json, platform
versions = {"python": platform.python_version()}
for name in ("nbconvert", "nbclient", "notebook", "jupyterlab"):
    try:
        versions[name] = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        pass
print(json.dumps(versions))
`;

const readJson = <T>(path: string): T => JSON.parse(readFileSync(path, 'utf8')) as T;

type PackageJson = {
  version: string;
  dependencies: Record<string, string>;
  optionalDependencies: Record<string, string>;
};

/** Version of a package as `from` (a folder) would load it. */
const versionOf = (name: string, from: string = ROOT): string =>
  readJson<PackageJson>(require.resolve(`${name}/package.json`, { paths: [from] })).version;

/** Draws two letters and compares their pixels: without a font both come out alike, empty or as boxes. */
const drawsText = (): boolean => {
  const draw = (letter: string): Buffer => {
    const canvas = createCanvas(24, 24);
    const context = canvas.getContext('2d');
    context.font = '18px sans-serif';
    context.fillText(letter, 2, 20);
    return canvas.toBuffer('raw');
  };
  return !draw('M').equals(draw('i'));
};

/** The backend as it is selected, or what keeps it from starting. */
const backendHere = (): Promise<DoctorReport['backend']> =>
  selectBackend().catch(({ message }: Error) => ({ tried: [], problem: message }));

/** What computes here, and why, as `chooseCompute` would choose: without opening a device. */
const engine = async (): Promise<string> => {
  const name = askedEngine('auto');
  const problem = await deviceProblem();
  if (name === 'xla') return problem === undefined ? 'xla: asked for' : `none: xla is asked for; ${problem}`;
  if (name === 'auto' && problem === undefined && (await findPlugin())?.kind !== 'cpu')
    return 'xla: a plugin and a device were found';
  const reason = eagerReason(name);
  if (reason !== undefined) return `eager: ${reason}`;
  const { block } = await targetFor();
  const lowering = block > 0 ? `convolutions in blocks of ${block}` : 'standard ONNX';
  return `onnx: ONNX Runtime ${versionOf('onnxruntime-node')}, ${lowering}`;
};

/** The plugin and driver of the xla engine, or why it has none. The device is not opened: that takes seconds. */
const accelerator = async (): Promise<string> => {
  const problem = await deviceProblem();
  if (problem !== undefined) return `none: ${problem}`;
  const plugin = await findPlugin();
  const driver = nvidiaDriver();
  return `${plugin?.kind} plugin from ${plugin?.from}${driver === undefined ? '' : `, NVIDIA driver ${driver}`}`;
};

const jupyterVersions = async (): Promise<DoctorReport['jupyter']> => {
  try {
    const { python } = readJson<{ python: string }>(join(ROOT, '.jupyter', 'setup.json'));
    const { stdout } = await promisify(execFile)(python, ['-c', PYTHON_VERSIONS]);
    return JSON.parse(stdout) as Record<string, string>;
  } catch {
    return undefined; // not set up, or that Python has gone: either way `npm run lab` mends it
  }
};

/**
 * Looks at all that the project needs: Node, the kernel, which backend was chosen and why, canvas, Jupyter, room.
 * It selects the backend as `selectBackend()` does, says where one that is asked for cannot be had, and contains no absolute path, so a notebook may show it.
 * @example
 * const { node, backend } = await doctor();
 */
export const doctor = async (): Promise<DoctorReport> => {
  const [backend, jupyter, disk] = await Promise.all([backendHere(), jupyterVersions(), statfs(ROOT)]);
  const tslab = dirname(require.resolve('tslab/package.json'));
  const { dependencies, optionalDependencies } = readJson<PackageJson>(join(ROOT, 'package.json'));
  return {
    node: process.versions.node,
    tslab: versionOf('tslab'),
    typescript: versionOf('@tslab/typescript-for-tslab', tslab),
    backend,
    engine: await engine().catch(({ message }: Error) => `none: ${message}`),
    accelerator: await accelerator(),
    cpu: { model: cpus()[0]?.model.trim() ?? 'unknown', cores: availableParallelism() },
    memory: { free: freemem(), total: totalmem() },
    disk: { free: disk.bavail * disk.bsize },
    canvas: { version: versionOf('canvas'), drawsText: drawsText() },
    jupyter,
    kernelspec: { path: KERNELSPEC, present: existsSync(join(ROOT, KERNELSPEC)) },
    pinned: Object.fromEntries(
      Object.entries({ ...dependencies, ...optionalDependencies }).filter(([name]) => PINNED.test(name)),
    ),
  };
};

const gib = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GiB`;

const pairs = (versions: Record<string, string>): string =>
  Object.entries(versions)
    .map(([name, version]) => `${name} ${version}`)
    .join(', ');

/** The report as aligned text, one line a fact. */
export const formatReport = (report: DoctorReport): string => {
  const { backend, cpu, memory, disk, canvas, jupyter, kernelspec } = report;
  const rows: [string, string][] = [
    ['node', report.node],
    ['kernel', `tslab ${report.tslab} with TypeScript ${report.typescript}`],
    ['backend', backend.name ?? `none: ${backend.problem}`],
    ...backend.tried.map(({ name, taken, reason }): [string, string] => [
      `  ${name}`,
      `${taken ? 'taken' : 'not taken'}: ${reason}`,
    ]),
    ['engine', report.engine],
    ['accelerator', report.accelerator],
    ['processor', `${cpu.model}, ${cpu.cores} cores`],
    ['memory', `${gib(memory.free)} free of ${gib(memory.total)}`],
    ['disk', `${gib(disk.free)} free`],
    ['canvas', `${canvas.version}, ${canvas.drawsText ? 'draws text' : 'cannot draw text: install a font'}`],
    ['jupyter', jupyter ? pairs(jupyter) : 'not found: run node scripts/setup.mjs'],
    ['kernelspec', `${kernelspec.path}${kernelspec.present ? '' : ' is missing: run node scripts/setup.mjs'}`],
    ['packages', pairs(report.pinned)],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join('\n');
};
