/* StableHLO as data: values, operations, a module with one function. What is written, evaluated or compiled is this. */
import type { Shape } from '../host-arrays';

export type HloType = 'f32' | 'f64' | 'bf16' | 'i32' | 'ui8' | 'ui32' | 'ui64' | 'i1';

/** A value of the function: an argument or the result of an operation. */
export type Hlo = { readonly name: string; readonly shape: Shape; readonly type: HloType };

/** Numbers and lists stay data, so that operations can be evaluated without parsing; `text` is verbatim MLIR. */
export type Attribute =
  | { i64s: readonly number[] }
  | { i64: number }
  | { bools: readonly boolean[] }
  | { bool: boolean }
  | { matrix: readonly (readonly number[])[] }
  | { text: string }
  | { splat: number }
  | { data: ArrayBufferView };
export type HloAttributes = Readonly<Record<string, Attribute>>;

/** What a reduction, over axes or over devices, does with two of its values. */
export type Reducer = 'add' | 'maximum' | 'minimum' | 'multiply';

export type HloOperation = {
  readonly op: string; // with its dialect: 'stablehlo.add'
  readonly operands: readonly Hlo[];
  readonly result: Hlo;
  readonly attributes: HloAttributes;
  readonly reducer?: Reducer; // of operations that carry a region
};

/** An argument; one that is donated gives its memory to the result of that number, and is gone after the call. */
export type HloArgument = { readonly name: string; readonly value: Hlo; readonly donatedTo?: number };

/** A module with one function, run by `replicas` devices at once, each on arguments of its own. */
export type HloModule = {
  readonly replicas: number;
  readonly arguments: readonly HloArgument[];
  readonly operations: readonly HloOperation[];
  readonly results: readonly { readonly name: string; readonly value: Hlo }[];
};
