/* One graph for each rewrite rule, as text before and after. Inputs: x, y [2, 3], b [3], z [2, 3, 2]. */
import type { Graph, Value } from '../../../../src/compute/graph/graph';

export type RuleCase = {
  rule: string;
  make: (g: Graph, x: Value, y: Value, b: Value, z: Value) => Value;
  before: string[];
  after: string[];
};

export const ruleCases: RuleCase[] = [
  {
    rule: 'same shape is identity',
    make: (g, x) => g.reshape(x, [2, 3]),
    before: ['%1 = reshape(x) [2,3]', 'r: %1'],
    after: ['r: x'],
  },
  {
    rule: 'splats stay splats',
    make: g => g.transpose(g.reshape(g.splat(2, [6]), [2, 3]), [1, 0]),
    before: ['%1 = reshape(2) [2,3]', '%2 = transpose(%1) {"order":[1,0]} [3,2]', 'r: %2'],
    after: ['r: 2'],
  },
  {
    rule: 'reshape of reshape',
    make: (g, x) => g.reshape(g.reshape(x, [6]), [3, 2]),
    before: ['%1 = reshape(x) [6]', '%2 = reshape(%1) [3,2]', 'r: %2'],
    after: ['%1 = reshape(x) [3,2]', 'r: %1'],
  },
  {
    rule: 'reshape moves inside broadcast',
    make: (g, _x, _y, b) => g.reshape(g.broadcast(b, [4, 3]), [2, 2, 3]),
    before: ['%1 = broadcast(b) [4,3]', '%2 = reshape(%1) [2,2,3]', 'r: %2'],
    after: ['%1 = reshape(b) [1,1,3]', '%2 = broadcast(%1) [2,2,3]', 'r: %2'],
  },
  {
    rule: 'broadcast of broadcast',
    make: (g, _x, _y, b) => g.broadcast(g.broadcast(b, [2, 3]), [4, 2, 3]),
    before: ['%1 = broadcast(b) [2,3]', '%2 = broadcast(%1) [4,2,3]', 'r: %2'],
    after: ['%1 = reshape(b) [1,1,3]', '%2 = broadcast(%1) [4,2,3]', 'r: %2'],
  },
  {
    rule: 'broadcast keeps rank',
    make: (g, _x, _y, b) => g.broadcast(b, [2, 3]),
    before: ['%1 = broadcast(b) [2,3]', 'r: %1'],
    after: ['%1 = reshape(b) [1,3]', '%2 = broadcast(%1) [2,3]', 'r: %2'],
  },
  {
    rule: 'transpose of transpose',
    make: (g, x) => g.transpose(g.transpose(x, [1, 0]), [1, 0]),
    before: ['%1 = transpose(x) {"order":[1,0]} [3,2]', '%2 = transpose(%1) {"order":[1,0]} [2,3]', 'r: %2'],
    after: ['r: x'],
  },
  {
    rule: 'transpose of unit axes reshapes',
    make: (g, x) => g.transpose(g.reshape(x, [2, 1, 3]), [1, 0, 2]),
    before: ['%1 = reshape(x) [2,1,3]', '%2 = transpose(%1) {"order":[1,0,2]} [1,2,3]', 'r: %2'],
    after: ['%1 = reshape(x) [1,2,3]', 'r: %1'],
  },
  {
    rule: 'transpose moves inside broadcast',
    make: (g, x) => g.transpose(g.broadcast(x, [4, 2, 3]), [2, 1, 0]),
    before: ['%1 = broadcast(x) [4,2,3]', '%2 = transpose(%1) {"order":[2,1,0]} [3,2,4]', 'r: %2'],
    after: [
      '%1 = reshape(x) [1,2,3]',
      '%2 = transpose(%1) {"order":[2,1,0]} [3,2,1]',
      '%3 = broadcast(%2) [3,2,4]',
      'r: %3',
    ],
  },
  {
    rule: 'unary folds',
    make: g => g.unary('exp', g.splat(0, [2])),
    before: ['%1 = exp(0) [2]', 'r: %1'],
    after: ['r: 1'],
  },
  {
    rule: 'unary moves inside broadcast',
    make: (g, _x, _y, b) => g.unary('exp', g.broadcast(b, [2, 3])),
    before: ['%1 = broadcast(b) [2,3]', '%2 = exp(%1) [2,3]', 'r: %2'],
    after: ['%1 = reshape(b) [1,3]', '%2 = exp(%1) [1,3]', '%3 = broadcast(%2) [2,3]', 'r: %3'],
  },
  {
    rule: 'neg of neg or sub',
    make: (g, x, y) => g.unary('neg', g.binary('sub', x, g.unary('neg', g.unary('neg', y)))),
    before: ['%2 = neg(y) [2,3]', '%3 = neg(%2) [2,3]', '%4 = sub(x, %3) [2,3]', '%5 = neg(%4) [2,3]', 'r: %5'],
    after: ['%2 = sub(y, x) [2,3]', 'r: %2'],
  },
  {
    rule: 'cast folds',
    make: (g, x) => g.binary('mul', g.cast(x, 'float32'), g.cast(g.splat(2, [], 'int32'), 'float32')),
    before: ['%1 = cast(x) [2,3]', '%3 = cast(2) []', '%4 = mul(%1, %3) [2,3]', 'r: %4'],
    after: ['%2 = mul(x, 2) [2,3]', 'r: %2'],
  },
  {
    rule: 'binary folds',
    make: g => g.binary('add', g.splat(1, [2]), g.splat(2, [])),
    before: ['%2 = add(1, 2) [2]', 'r: %2'],
    after: ['r: 3'],
  },
  {
    rule: 'add nothing',
    make: (g, x) => g.binary('sub', g.splat(0), g.binary('add', x, g.splat(0, [2, 3]))),
    before: ['%3 = add(x, 0) [2,3]', '%4 = sub(0, %3) [2,3]', 'r: %4'],
    after: ['%1 = neg(x) [2,3]', 'r: %1'],
  },
  {
    rule: 'add of neg subtracts',
    make: (g, x, y) => g.binary('add', g.unary('neg', x), y),
    before: ['%2 = neg(x) [2,3]', '%3 = add(%2, y) [2,3]', 'r: %3'],
    after: ['%2 = sub(y, x) [2,3]', 'r: %2'],
  },
  {
    rule: 'mul by one or zero',
    make: (g, x, y) => g.binary('add', g.binary('mul', g.splat(1), x), g.binary('mul', y, g.splat(0, [2, 3]))),
    before: ['%3 = mul(1, x) [2,3]', '%5 = mul(y, 0) [2,3]', '%6 = add(%3, %5) [2,3]', 'r: %6'],
    after: ['r: x'],
  },
  {
    rule: 'mul by minus one',
    make: (g, x) => g.binary('mul', x, g.splat(-1)),
    before: ['%2 = mul(x, -1) [2,3]', 'r: %2'],
    after: ['%1 = neg(x) [2,3]', 'r: %1'],
  },
  {
    rule: 'neg leaves mul',
    make: (g, x, y) => g.binary('mul', g.unary('neg', x), y),
    before: ['%2 = neg(x) [2,3]', '%3 = mul(%2, y) [2,3]', 'r: %3'],
    after: ['%2 = mul(x, y) [2,3]', '%3 = neg(%2) [2,3]', 'r: %3'],
  },
  {
    rule: 'div by splat multiplies',
    make: (g, x) => g.binary('div', x, g.splat(4)),
    before: ['%2 = div(x, 4) [2,3]', 'r: %2'],
    after: ['%2 = mul(x, 0.25) [2,3]', 'r: %2'],
  },
  {
    rule: 'small powers',
    make: (g, x) => g.binary('pow', x, g.splat(2)),
    before: ['%2 = pow(x, 2) [2,3]', 'r: %2'],
    after: ['%1 = mul(x, x) [2,3]', 'r: %1'],
  },
  {
    rule: 'scales gather',
    make: (g, x, _y, b) => g.binary('mul', g.scale(g.scale(x, 2), 3), b),
    before: ['%3 = mul(x, 2) [2,3]', '%5 = mul(%3, 3) [2,3]', '%6 = mul(%5, b) [2,3]', 'r: %6'],
    after: ['%3 = mul(b, 6) [3]', '%4 = mul(x, %3) [2,3]', 'r: %4'],
  },
  {
    rule: 'binary moves inside broadcast',
    make: (g, x, _y, b) => g.binary('add', x, g.broadcast(b, [2, 3])),
    before: ['%2 = broadcast(b) [2,3]', '%3 = add(x, %2) [2,3]', 'r: %3'],
    after: ['%2 = reshape(b) [1,3]', '%3 = add(x, %2) [2,3]', 'r: %3'],
  },
  {
    rule: 'commutative order',
    make: (g, x, y) => g.binary('sub', g.binary('add', x, y), g.binary('add', y, x)),
    before: ['%2 = add(x, y) [2,3]', '%3 = add(y, x) [2,3]', '%4 = sub(%2, %3) [2,3]', 'r: %4'],
    after: ['%2 = add(x, y) [2,3]', '%3 = sub(%2, %2) [2,3]', 'r: %3'],
  },
  {
    rule: 'where compacts',
    make: (g, x, y) => g.where(g.splat(1, [2, 3], 'bool'), x, g.where(g.binary('less', x, y), x, g.splat(0, [2, 3]))),
    before: ['%3 = less(x, y) [2,3] bool', '%5 = where(%3, x, 0) [2,3]', '%6 = where(1, x, %5) [2,3]', 'r: %6'],
    after: ['r: x'],
  },
  {
    rule: 'reduce unit axes',
    make: (g, x) => g.reduce('reduceMax', g.reshape(x, [2, 1, 3]), [1, 2]),
    before: ['%1 = reshape(x) [2,1,3]', '%2 = reduceMax(%1) {"axes":[1,2]} [2,1,1]', 'r: %2'],
    after: ['%1 = reshape(x) [2,1,3]', '%2 = reduceMax(%1) {"axes":[2]} [2,1,1]', 'r: %2'],
  },
  {
    rule: 'sum of splat',
    make: g => g.reduce('sum', g.splat(2, [2, 3]), [1]),
    before: ['%1 = sum(2) {"axes":[1]} [2,1]', 'r: %1'],
    after: ['r: 6'],
  },
  {
    rule: 'sum of broadcast',
    make: (g, _x, _y, b) => g.reduce('sum', g.broadcast(g.reshape(b, [1, 3]), [4, 3]), [0]),
    before: ['%1 = reshape(b) [1,3]', '%2 = broadcast(%1) [4,3]', '%3 = sum(%2) {"axes":[0]} [1,3]', 'r: %3'],
    after: ['%1 = reshape(b) [1,3]', '%3 = mul(%1, 4) [1,3]', 'r: %3'],
  },
  {
    rule: 'factors leave sum',
    make: (g, x, _y, b) => g.reduce('sum', g.binary('mul', x, b), [0]),
    before: ['%2 = mul(x, b) [2,3]', '%3 = sum(%2) {"axes":[0]} [1,3]', 'r: %3'],
    after: ['%2 = sum(x) {"axes":[0]} [1,3]', '%3 = mul(%2, b) [1,3]', 'r: %3'],
  },
  {
    rule: 'sum of square',
    make: (g, x) => g.reduce('sum', g.binary('mul', x, x), [1]),
    before: ['%1 = mul(x, x) [2,3]', '%2 = sum(%1) {"axes":[1]} [2,1]', 'r: %2'],
    after: ['%1 = sumSquare(x) {"axes":[1]} [2,1]', 'r: %1'],
  },
  {
    rule: 'reduce run by run',
    make: (g, _x, _y, _b, z) => g.reduce('sum', z, [0, 2]),
    before: ['%1 = sum(z) {"axes":[0,2]} [1,3,1]', 'r: %1'],
    after: ['%1 = sum(z) {"axes":[0]} [1,3,2]', '%2 = sum(%1) {"axes":[2]} [1,3,1]', 'r: %2'],
  },
  {
    rule: 'slice of slice',
    make: (g, x) => g.slice(g.slice(x, [0, 1], [2, 2]), [1, 1], [1, 1]),
    before: ['%1 = slice(x) {"begin":[0,1]} [2,2]', '%2 = slice(%1) {"begin":[1,1]} [1,1]', 'r: %2'],
    after: ['%1 = slice(x) {"begin":[1,2]} [1,1]', 'r: %1'],
  },
  {
    rule: 'slice of concat',
    make: (g, x, y) => g.slice(g.concat([x, y], 1), [0, 4], [2, 2]),
    before: ['%2 = concat(x, y) {"axis":1} [2,6]', '%3 = slice(%2) {"begin":[0,4]} [2,2]', 'r: %3'],
    after: ['%1 = slice(y) {"begin":[0,1]} [2,2]', 'r: %1'],
  },
  {
    rule: 'concat of its slices',
    make: (g, x) => g.concat([g.slice(x, [0, 0], [2, 1]), g.slice(x, [0, 1], [2, 2])], 1),
    before: [
      '%1 = slice(x) {"begin":[0,0]} [2,1]',
      '%2 = slice(x) {"begin":[0,1]} [2,2]',
      '%3 = concat(%1, %2) {"axis":1} [2,3]',
      'r: %3',
    ],
    after: ['r: x'],
  },
  {
    rule: 'transposes enter matmul',
    make: (g, x, y) => g.matmul(x, g.transpose(y, [1, 0])),
    before: [
      '%2 = transpose(y) {"order":[1,0]} [3,2]',
      '%3 = matmul(x, %2) {"transposeA":false,"transposeB":false} [2,2]',
      'r: %3',
    ],
    after: ['%2 = matmul(x, y) {"transposeA":false,"transposeB":true} [2,2]', 'r: %2'],
  },
  {
    rule: 'gather of splat',
    make: g => g.gather(g.splat(2, [4, 3]), g.input('i', [5], 'int32'), 0),
    before: ['%2 = gather(2, i) {"axis":0} [5,3]', 'r: %2'],
    after: ['r: 2'],
  },
];
