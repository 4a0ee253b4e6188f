import { spawnSync } from 'node:child_process';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs'; // registers gradients and the cpu backend; tfjs-core alone brings its gradients as ES modules only
import '@tensorflow/tfjs-backend-wasm';
import { expectKeys, expectOneOf, UnavailableError } from './check';
import { registerKernels } from './kernels';
import { nativeGpu } from './native-gpu';
import { registerNativeKernels } from './native-kernels';

/** Where tensors live and kernels run. */
export const BACKENDS = ['native', 'webgpu', 'wasm', 'cpu'] as const;
/** What TensorFlow.js computes with. */
export type BackendName = (typeof BACKENDS)[number];

/**
 * What is taken without a wish, best first. WebGPU is not among them: steps on it are not compiled, so that a graphics
 * card could make them slower than compiled ones on the processor; no step was timed on one.
 */
const AUTOMATIC = ['native', 'wasm', 'cpu'] as const;

/** Which backend was chosen, and why each one before it was not. */
export type BackendReport = {
  name: BackendName;
  tried: { name: BackendName; taken: boolean; reason: string }[];
};

/** Names that TensorFlow.js gives these backends. */
const REGISTERED = { native: 'tensorflow', webgpu: 'webgpu', wasm: 'wasm', cpu: 'cpu' } as const;

/** How the native backend is made. */
const NATIVE_MADE = 'npx cosim engine install native makes it, docs/native-backend.md';

/** libtensorflow through @tensorflow/tfjs-node-gpu: CUDA where there is a card, else its CPU kernels. */
const startNative = (): string => {
  process.env.TF_FORCE_GPU_ALLOW_GROWTH ??= 'true'; // it takes all of the card's memory otherwise
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '2';
  try {
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- optional and synchronous: absence is normal
    require('@tensorflow/tfjs-node-gpu');
    const on = nativeGpu() ? 'on CUDA' : 'on the processor';
    return `libtensorflow through @tensorflow/tfjs-node-gpu, ${on}`;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new Error(
      code === 'MODULE_NOT_FOUND'
        ? `@tensorflow/tfjs-node-gpu is not installed (optional: ${NATIVE_MADE})`
        : `${message.split('\n')[0].replace(/\S*node_modules[\\/]/g, '')} (${NATIVE_MADE})`, // a notebook may show it
    );
  }
};

type Adapter = { info?: { vendor?: string; description?: string } };
type Dawn = { create: (options: string[]) => { requestAdapter: () => Promise<Adapter | null> }; globals: object };

/** Asks for an adapter in a process of its own: where drivers are missing, Dawn and Vulkan write to stderr themselves. */
const adapterThere = (): boolean =>
  spawnSync(
    process.execPath,
    ['-e', `import('webgpu').then(d => d.create([]).requestAdapter()).then(a => process.exit(a ? 0 : 1))`],
    { cwd: __dirname, stdio: 'ignore', timeout: 20_000 },
  ).status === 0;

/** WebGPU on Dawn (package `webgpu`). */
const startWebGpu = async (): Promise<string> => {
  const dawn = await (import('webgpu') as unknown as Promise<Dawn>).catch(() => {
    throw new Error('the package webgpu is not installed (optional)');
  });
  if (!adapterThere()) throw new Error('no WebGPU adapter on this machine');
  const gpu = dawn.create([]);
  const adapter = await gpu.requestAdapter();
  const description =
    [adapter?.info?.vendor, adapter?.info?.description].filter(Boolean).join(' ') || 'unnamed adapter';
  Object.assign(globalThis, dawn.globals);
  Object.defineProperty(globalThis, 'navigator', { value: { gpu, userAgent: 'node' }, configurable: true });
  await import('@tensorflow/tfjs-backend-webgpu');
  return description;
};

const FATAL = ['uncaughtException', 'unhandledRejection'] as const;

/**
 * Makes TensorFlow.js use a backend. The code around the wasm module listens for uncaught errors and throws them again,
 * from its one line of 200,000 characters, which Node then prints: what it added is taken out.
 */
const setBackend = async (name: BackendName): Promise<boolean> => {
  const before = FATAL.map(event => process.listeners(event as 'uncaughtException'));
  const done = await tf.setBackend(REGISTERED[name]);
  FATAL.forEach((event, i) => {
    for (const listener of process.listeners(event as 'uncaughtException'))
      if (!before[i].includes(listener)) process.off(event, listener);
  });
  return done;
};

const start: Record<BackendName, () => string | Promise<string>> = {
  native: startNative,
  webgpu: startWebGpu,
  wasm: () => 'WebAssembly with SIMD; missing gradient kernels composed from its own',
  cpu: () => 'plain JavaScript: slow, for checks',
};

/**
 * Chooses the compute backend and makes it ready: the first of native, wasm, cpu that works, or exactly the one
 * asked for by the option or by the environment variable COSIM_BACKEND. Call it once before anything that makes tensors.
 * @returns the choice, with the reason why each backend before it was not taken.
 * @throws ArgumentError for an unknown name; UnavailableError with the reason when the backend asked for does not start.
 * @example
 * const { name } = await selectBackend(); // 'native', 'wasm' or 'cpu'
 */
export const selectBackend = async (options: { backend?: BackendName } = {}): Promise<BackendReport> => {
  expectKeys('selectBackend', options, ['backend']);
  const wanted = options.backend ?? process.env.COSIM_BACKEND;
  const where = options.backend === undefined ? 'COSIM_BACKEND' : 'selectBackend';
  const only = wanted ? expectOneOf(where, 'backend', wanted, BACKENDS) : undefined;
  const tried: BackendReport['tried'] = [];
  for (const name of only ? [only] : AUTOMATIC) {
    try {
      const reason = await start[name]();
      if (!(await setBackend(name))) throw new Error('its initialisation failed');
      if (name === 'wasm' || name === 'cpu') registerKernels(name);
      if (name === 'native') registerNativeKernels();
      tf.enableProdMode(); // no banner on stderr, no second look at every shape
      return { name, tried: [...tried, { name, taken: true, reason }] };
    } catch (error) {
      tried.push({ name, taken: false, reason: (error as Error).message });
    }
  }
  throw new UnavailableError(
    `${only ? where : 'selectBackend'}: no backend started: ${tried.map(t => `${t.name} (${t.reason})`).join('; ')}`,
  );
};
