import type { KernelCase } from '../kernel-case';
import { arrangementCases } from './arrangement';
import { imageCases } from './images';
import { productCases } from './products';
import { reductionCases } from './reductions';
import { scalarCases } from './scalars';

/** The cases of every kernel. */
export const KERNEL_CASES: readonly KernelCase[] = [
  ...scalarCases,
  ...arrangementCases,
  ...reductionCases,
  ...productCases,
  ...imageCases,
];

/** The largest error of a compiled one, of the largest expected magnitude; float32 carries 6e-8. */
export const KERNEL_TOLERANCE = 5e-6;
