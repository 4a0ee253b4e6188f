import { join } from 'node:path';

/** Backends that every numerical test runs on. */
export const TESTED_BACKENDS = ['wasm', 'cpu'] as const;

/** Numbers made with the reference PyTorch code; `scripts/parity` reads them. */
export const goldenFolder = join(__dirname, 'golden');

/** Small files that scripts beside the tests made with other programs (Pillow, numpy). */
export const fixturesFolder = join(__dirname, 'fixtures');
