/* The paper's statements in numbers, on Gaussian mixtures: one file a statement. */
export * from './assumption-3-5';
export * from './level-on-line';
export * from './line';
export * from './panels';
export * from './proposition-3-2';
export * from './proposition-3-4';
export * from './proposition-3-8';
export * from './semi-implicit';
export * from './theorem-3-1';
export * from './theorem-b-1';
export * from './trained-psi';
export * from './transport';
export type { Checked, Verdict } from './verdict';
