/* ONNX Runtime: optional and guarded. Imports nothing else, so that threads start fast. */
import type * as Ort from 'onnxruntime-node';

export type OrtModule = typeof Ort;

let loaded: { ort: OrtModule } | { reason: string } | undefined;

const load = (): { ort: OrtModule } | { reason: string } => {
  // From 1.29 on it reports on models and sessions to its maker, and keeps files for that in the temporary folder.
  process.env.ORT_DISABLE_TELEMETRY ??= '1';
  try {
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- optional and synchronous: absence is normal
    return { ort: require('onnxruntime-node') as OrtModule };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const absent = code === 'MODULE_NOT_FOUND';
    return { reason: absent ? 'onnxruntime-node is not installed (optional)' : message.split('\n')[0] };
  }
};

/** Why ONNX Runtime cannot be used here; undefined where it can. */
export const runtimeProblem = (): string | undefined => {
  loaded ??= load();
  return 'reason' in loaded ? loaded.reason : undefined;
};

/** @throws Error with the reason when onnxruntime-node is absent or does not load. */
export const runtime = (): OrtModule => {
  loaded ??= load();
  if ('reason' in loaded) throw new Error(`ONNX Runtime is not available: ${loaded.reason}`);
  return loaded.ort;
};

/** One thread, no spinning, no memory plan: several sessions share a machine, each in a worker of its own. */
export const SESSION_OPTIONS: Ort.InferenceSession.SessionOptions = {
  executionProviders: ['cpu'],
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  executionMode: 'sequential',
  enableCpuMemArena: true,
  enableMemPattern: false,
  graphOptimizationLevel: 'disabled', // models come optimised: the runtime's own pass takes time and gains nothing
  logSeverityLevel: 3,
  extra: { session: { intra_op: { allow_spinning: '0' } } },
};
