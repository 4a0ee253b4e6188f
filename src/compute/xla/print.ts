/*
 * A module as text in MLIR's generic form, "dialect.op"(operands) <{attributes}> : types: one syntax for all operations,
 * which any MLIR parser checks.
 */
import type { Attribute, Hlo, HloModule, HloOperation, HloType, Reducer } from './hlo';

const tensorType = ({ shape, type }: Pick<Hlo, 'shape' | 'type'>): string =>
  `tensor<${shape.map(n => `${n}x`).join('')}${type}>`;

const BITS = new DataView(new ArrayBuffer(8));

/** A number as an element of a constant: floats by their bits, which keeps infinities and every digit. */
const element = (value: number, type: HloType): string => {
  if (type === 'i1') return value ? 'true' : 'false';
  if (type !== 'f32' && type !== 'f64' && type !== 'bf16') return String(value);
  if (type === 'f64') {
    BITS.setFloat64(0, value);
    return `0x${BITS.getBigUint64(0).toString(16).padStart(16, '0')}`;
  }
  BITS.setFloat32(0, value);
  const bits = BITS.getUint32(0);
  return type === 'bf16'
    ? `0x${(bits >>> 16).toString(16).padStart(4, '0')}`
    : `0x${bits.toString(16).padStart(8, '0')}`;
};

/** All elements: hexadecimal, little-endian; truth values, which MLIR packs, one by one. */
const elements = (data: ArrayBufferView, { shape, type }: Hlo): string => {
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  if (type !== 'i1') return `"0x${bytes.toString('hex').toUpperCase()}"`;
  let at = 0;
  const nested = (axis: number): string =>
    axis === shape.length
      ? element(bytes[at++], type)
      : `[${Array.from({ length: shape[axis] }, () => nested(axis + 1)).join(', ')}]`;
  return nested(0);
};

const rows = (matrix: readonly (readonly number[])[]): string => matrix.map(row => `[${row.join(', ')}]`).join(', ');

const attributeText = (a: Attribute, result: Hlo): string => {
  if ('i64s' in a) return a.i64s.length === 0 ? 'array<i64>' : `array<i64: ${a.i64s.join(', ')}>`;
  if ('bools' in a) return `array<i1: ${a.bools.join(', ')}>`;
  if ('i64' in a) return `${a.i64} : i64`;
  if ('bool' in a) return String(a.bool);
  if ('matrix' in a) return `dense<[${rows(a.matrix)}]> : tensor<${a.matrix.length}x${a.matrix[0].length}xi64>`;
  if ('splat' in a) return `dense<${element(a.splat, result.type)}> : ${tensorType(result)}`;
  if ('data' in a) return `dense<${elements(a.data, result)}> : ${tensorType(result)}`;
  return a.text;
};

const regionText = (reducer: Reducer, type: HloType): string => {
  const scalar = `tensor<${type}>`;
  return (
    ` ({\n    ^bb0(%a: ${scalar}, %b: ${scalar}):\n` +
    `      %r = "stablehlo.${reducer}"(%a, %b) : (${scalar}, ${scalar}) -> ${scalar}\n` +
    `      "stablehlo.return"(%r) : (${scalar}) -> ()\n    })`
  );
};

const operationText = ({ op, operands, result, attributes, reducer }: HloOperation): string => {
  const entries = Object.entries(attributes).map(([key, value]) => `${key} = ${attributeText(value, result)}`);
  const properties = entries.length > 0 ? ` <{${entries.join(', ')}}>` : '';
  const region = reducer ? regionText(reducer, result.type) : '';
  return (
    `    ${result.name} = "${op}"(${operands.map(x => x.name).join(', ')})${properties}${region}` +
    ` : (${operands.map(tensorType).join(', ')}) -> ${tensorType(result)}`
  );
};

/** The module as MLIR text. */
export const moduleText = ({ replicas, arguments: args, operations, results }: HloModule): string => {
  const list = args.map(({ value, donatedTo }) => {
    const donated = donatedTo === undefined ? '' : ` {tf.aliasing_output = ${donatedTo} : i32}`;
    return `${value.name}: ${tensorType(value)}${donated}`;
  });
  const types = results.map(({ value }) => tensorType(value)).join(', ');
  return [
    `module @cosim attributes {mhlo.num_partitions = 1 : i32, mhlo.num_replicas = ${replicas} : i32} {`,
    `  func.func public @main(${list.join(', ')}) -> (${types}) {`,
    ...operations.map(operationText),
    `    "func.return"(${results.map(({ value }) => value.name).join(', ')}) : (${types}) -> ()`,
    '  }',
    '}',
    '',
  ].join('\n');
};
