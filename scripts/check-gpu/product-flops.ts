/* Floating-point operations of a module's matrix products and convolutions: what a card's peak is stated for. */
import { shapeSize } from '../../src/compute/host-arrays';
import type { HloAttributes, HloModule, HloOperation } from '../../src/compute/xla/hlo';

const textOf = (attributes: HloAttributes, name: string): string => (attributes[name] as { text: string }).text;
const listOf = (attributes: HloAttributes, name: string): readonly number[] =>
  (attributes[name] as { i64s: readonly number[] }).i64s;

const ofDot = ({ operands: [a], result, attributes }: HloOperation): number => {
  const [, axes] = /lhs_contracting_dimensions = \[([^\]]*)\]/.exec(textOf(attributes, 'dot_dimension_numbers'))!;
  const contracted = axes.split(',').filter(axis => axis.trim() !== '');
  return 2 * shapeSize(result.shape) * contracted.reduce((product, axis) => product * a.shape[Number(axis)], 1);
};

/** Products with padding, and with what dilation puts between the elements, are not counted. */
const ofConvolution = ({ operands: [x, filter], result, attributes }: HloOperation): number => {
  const numbers = /conv<\[(.*)\]x\[(.*)\]->\[(.*)\]>/.exec(textOf(attributes, 'dimension_numbers'))!;
  const [input, kernel, output] = numbers.slice(1).map(names => names.split(',').map(name => name.trim()));
  const { matrix } = attributes.padding as { matrix: readonly (readonly number[])[] };
  const [strides, between, apart] = ['window_strides', 'lhs_dilation', 'rhs_dilation'].map(n => listOf(attributes, n));
  let products = result.shape[output.indexOf('b')] * result.shape[output.indexOf('f')];
  products *= filter.shape[kernel.indexOf('i')]; // channels of a group
  for (let axis = 0; axis < strides.length; axis++) {
    const size = (shape: readonly number[], names: string[]): number => shape[names.indexOf(String(axis))];
    let met = 0; // pairs of a result and an element of the filter between which an element of the input lies
    for (let at = 0; at < size(result.shape, output); at++)
      for (let k = 0; k < size(filter.shape, kernel); k++) {
        const place = at * strides[axis] + k * apart[axis] - matrix[axis][0];
        if (place >= 0 && place % between[axis] === 0 && place / between[axis] < size(x.shape, input)) met++;
      }
    products *= met;
  }
  return 2 * products;
};

/** Of one device: a multiplication and an addition a product. */
export const productFlops = ({ operations }: HloModule): number =>
  operations.reduce((sum, operation) => {
    if (operation.op === 'stablehlo.dot_general') return sum + ofDot(operation);
    return operation.op === 'stablehlo.convolution' ? sum + ofConvolution(operation) : sum;
  }, 0);
