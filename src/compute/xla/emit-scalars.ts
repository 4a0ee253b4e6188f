/* Element by element: scalar functions, choices, conversions. */
import type { Value } from '../graph/graph';
import type { Comparison, HloBuilder } from './builder';
import { type Emission, type Emitter, type Emitters, operand, typeOf } from './emitter';
import type { Hlo } from './hlo';

const operands = (value: Value, emission: Emission): Hlo[] => value.inputs.map(x => operand(x, value.shape, emission));

const direct =
  (name: string): Emitter =>
  (value, emission) =>
    emission.builder.op(name, operands(value, emission), value.shape, typeOf(value));

const comparison =
  (direction: Comparison): Emitter =>
  (value, emission) => {
    const [x, y] = operands(value, emission);
    return emission.builder.compare(x, y, direction);
  };

/** A function of one number, made of several operations. */
const composed =
  (f: (x: Hlo, b: HloBuilder) => Hlo): Emitter =>
  ({ inputs: [x] }, { builder, of }) =>
    f(of(x), builder);

/** Functions of the dialect CHLO, which XLA's importer expands. */
const chlo = (name: string): Emitter => composed((x, b) => b.elementwise(`chlo.${name}`, x));

export const SCALAR_EMITTERS: Emitters = {
  neg: direct('negate'),
  exp: direct('exponential'),
  log: direct('log'),
  sqrt: direct('sqrt'),
  sigmoid: direct('logistic'),
  tanh: direct('tanh'),
  abs: direct('abs'),
  sign: direct('sign'),
  floor: direct('floor'),
  ceil: direct('ceil'),
  round: direct('round_nearest_even'),
  cos: direct('cosine'),
  sin: direct('sine'),
  tan: direct('tan'),
  not: direct('not'),
  add: direct('add'),
  sub: direct('subtract'),
  mul: direct('multiply'),
  div: direct('divide'),
  pow: direct('power'),
  max: direct('maximum'),
  min: direct('minimum'),
  and: direct('and'),
  or: direct('or'),
  greater: comparison('GT'),
  greaterOrEqual: comparison('GE'),
  less: comparison('LT'),
  lessOrEqual: comparison('LE'),
  equal: comparison('EQ'),
  reciprocal: composed((x, b) => b.elementwise('divide', b.like(x, 1), x)),
  relu: composed((x, b) => b.elementwise('maximum', x, b.like(x, 0))),
  // max(x, 0) + log(1 + exp(-|x|)): no overflow
  softplus: composed((x, b) => {
    const small = b.elementwise('exponential', b.elementwise('negate', b.elementwise('abs', x)));
    return b.elementwise('add', b.elementwise('maximum', x, b.like(x, 0)), b.elementwise('log_plus_one', small));
  }),
  elu: composed((x, b) => b.select(b.compare(x, b.like(x, 0), 'GT'), x, b.elementwise('exponential_minus_one', x))),
  isNaN: composed((x, b) => b.compare(x, x, 'NE')),
  isInf: composed((x, b) => b.compare(b.elementwise('abs', x), b.like(x, Infinity), 'EQ')),
  atan: composed((x, b) => b.elementwise('atan2', x, b.like(x, 1))),
  erf: chlo('erf'),
  acos: chlo('acos'),
  asin: chlo('asin'),
  cosh: chlo('cosh'),
  sinh: chlo('sinh'),
  where: (value, emission) => {
    const [condition, x, y] = operands(value, emission);
    return emission.builder.select(condition, x, y);
  },
  cast: (value, { builder, of }) => builder.convert(of(value.inputs[0]), typeOf(value)),
};
