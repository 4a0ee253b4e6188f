import { join } from 'node:path';
import type { BackendName } from '../src/compute/backend';

/** Backends that every numerical test runs on; with `COSIM_TEST_NATIVE=1` the native one alone (docs/native-backend.md). */
export const TESTED_BACKENDS: readonly BackendName[] =
  process.env.COSIM_TEST_NATIVE === '1' ? ['native'] : ['wasm', 'cpu'];

/** Numbers made with the reference PyTorch code; `scripts/parity` reads them. */
export const goldenFolder = join(__dirname, 'golden');

/** Small files that scripts beside the tests made with other programs (Pillow, numpy). */
export const fixturesFolder = join(__dirname, 'fixtures');
