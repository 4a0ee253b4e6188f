/* The scalar functions of the graph: name, ONNX operator, and the function itself where constants are folded through it. */

export type ScalarFunction<F> = { onnx: string; fold?: F; bool?: boolean }; // bool: the result is a truth value

export const UNARY = {
  neg: { onnx: 'Neg', fold: (x: number) => -x },
  exp: { onnx: 'Exp', fold: Math.exp },
  log: { onnx: 'Log', fold: Math.log },
  sqrt: { onnx: 'Sqrt', fold: Math.sqrt },
  reciprocal: { onnx: 'Reciprocal', fold: (x: number) => 1 / x },
  sigmoid: { onnx: 'Sigmoid', fold: (x: number) => 1 / (1 + Math.exp(-x)) },
  tanh: { onnx: 'Tanh', fold: Math.tanh },
  softplus: { onnx: 'Softplus' },
  elu: { onnx: 'Elu' },
  relu: { onnx: 'Relu', fold: (x: number) => Math.max(0, x) },
  erf: { onnx: 'Erf' },
  abs: { onnx: 'Abs', fold: Math.abs },
  sign: { onnx: 'Sign', fold: Math.sign },
  floor: { onnx: 'Floor', fold: Math.floor },
  ceil: { onnx: 'Ceil', fold: Math.ceil },
  round: { onnx: 'Round' }, // halves to even, as tfjs
  cos: { onnx: 'Cos', fold: Math.cos },
  sin: { onnx: 'Sin', fold: Math.sin },
  tan: { onnx: 'Tan', fold: Math.tan },
  acos: { onnx: 'Acos', fold: Math.acos },
  asin: { onnx: 'Asin', fold: Math.asin },
  atan: { onnx: 'Atan', fold: Math.atan },
  cosh: { onnx: 'Cosh', fold: Math.cosh },
  sinh: { onnx: 'Sinh', fold: Math.sinh },
  not: { onnx: 'Not', fold: (x: number) => Number(!x), bool: true },
  isNaN: { onnx: 'IsNaN', fold: (x: number) => Number(Number.isNaN(x)), bool: true },
  isInf: { onnx: 'IsInf', fold: (x: number) => Number(Math.abs(x) === Infinity), bool: true },
} satisfies Record<string, ScalarFunction<(x: number) => number>>;

export const BINARY = {
  add: { onnx: 'Add', fold: (a: number, b: number) => a + b },
  sub: { onnx: 'Sub', fold: (a: number, b: number) => a - b },
  mul: { onnx: 'Mul', fold: (a: number, b: number) => a * b },
  div: { onnx: 'Div', fold: (a: number, b: number) => a / b },
  pow: { onnx: 'Pow', fold: Math.pow },
  max: { onnx: 'Max', fold: Math.max },
  min: { onnx: 'Min', fold: Math.min },
  greater: { onnx: 'Greater', fold: (a: number, b: number) => Number(a > b), bool: true },
  greaterOrEqual: { onnx: 'GreaterOrEqual', fold: (a: number, b: number) => Number(a >= b), bool: true },
  less: { onnx: 'Less', fold: (a: number, b: number) => Number(a < b), bool: true },
  lessOrEqual: { onnx: 'LessOrEqual', fold: (a: number, b: number) => Number(a <= b), bool: true },
  equal: { onnx: 'Equal', fold: (a: number, b: number) => Number(a === b), bool: true },
  and: { onnx: 'And', fold: (a: number, b: number) => Number(a && b), bool: true },
  or: { onnx: 'Or', fold: (a: number, b: number) => Number(a || b), bool: true },
} satisfies Record<string, ScalarFunction<(a: number, b: number) => number>>;

export type Unary = keyof typeof UNARY;
export type Binary = keyof typeof BINARY;

/** The same tables, open: for looking up an operation whose kind is not known. */
export const unaryOf = (op: string): ScalarFunction<(x: number) => number> | undefined =>
  (UNARY as Record<string, ScalarFunction<(x: number) => number>>)[op];
export const binaryOf = (op: string): ScalarFunction<(a: number, b: number) => number> | undefined =>
  (BINARY as Record<string, ScalarFunction<(a: number, b: number) => number>>)[op];
