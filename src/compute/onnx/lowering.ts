import type { Value } from '../graph';
import type { Fusions } from './fusions';
import type { OnnxBuilder } from './onnx-builder';

/** What ONNX may consist of. */
export type Target = {
  /** Channels in a block of ONNX Runtime's blocked convolutions (8 or 16); 0: standard ONNX convolutions. */
  block: number;
  /** Whether ONNX Runtime's own operators may be used beside the standard ones. */
  extended: boolean;
  /** The most inputs or results an operation may have (a limit of some GPUs). */
  maxParts: number;
};

/** Standard ONNX only: every processor, WebGPU, export. */
export const PORTABLE: Target = { block: 0, extended: false, maxParts: 10 };

/** What the emitters of a lowering share. */
export type Lowering = {
  builder: OnnxBuilder;
  target: Target;
  fusions: Fusions;
  /** Of a value that has been emitted. */
  name: (value: Value) => string;
  /** Gives a name to another value on the way. */
  bind: (value: Value, name: string) => void;
};

/** Writes one value as ONNX operations; returns the name of the result. */
export type Emitter = (value: Value, lowering: Lowering) => string;
export type Emitters = Readonly<Record<string, Emitter>>;
