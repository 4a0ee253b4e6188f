/* Element by element: scalar functions, choices, conversions. */
import { type Shape, shapeSize } from '../host-arrays';
import { arrayOf, BINARY, type ScalarFunction, splatOf, UNARY, type Value } from '../graph';
import type { Emitter, Emitters, Lowering } from './lowering';
import { MICROSOFT } from './onnx-builder';

const CAST = { float32: 1, int32: 6, bool: 9 };

/** Below this many elements a repeated run costs the runtime more than its copy. */
const SHORT_RUN = 16;

/**
 * An operand of an operation whose result has this shape. One that is repeated along a few last axes only is repeated
 * first: the runtime would start a loop for every run.
 */
const operand = (x: Value, shape: Shape, { builder, name }: Lowering): string => {
  const splat = splatOf(x);
  if (splat !== undefined) return builder.constant(arrayOf(x.dtype, [splat]), [], x.dtype);
  const offset = shape.length - x.shape.length;
  let [axis, run] = [x.shape.length - 1, 1];
  while (axis >= 0 && x.shape[axis] === 1) run *= shape[offset + axis--];
  const short = axis >= 0 && run > 1 && run < SHORT_RUN;
  if (!short || shapeSize(x.shape) * run * 4 > shapeSize(shape)) return name(x);
  const repeated = x.shape.map((_, i) => (i > axis ? shape[offset + i] : 1)); // 1: as it is
  return builder.add('Expand', [name(x), builder.integers(repeated)]);
};

const scalar =
  (onnx: string): Emitter =>
  (value, lowering) => {
    const { builder, fusions, name } = lowering;
    const fusion = fusions.of.get(value);
    if (fusion?.kind === 'silu') return builder.add('QuickGelu', [name(fusion.x)], { alpha: { float: 1 } }, MICROSOFT);
    return builder.add(
      onnx,
      value.inputs.map(x => operand(x, value.shape, lowering)),
    );
  };

const table = (functions: Record<string, ScalarFunction<unknown>>): Emitters =>
  Object.fromEntries(Object.entries(functions).map(([op, { onnx }]) => [op, scalar(onnx)]));

export const SCALAR_EMITTERS: Emitters = {
  ...table(UNARY),
  ...table(BINARY),
  where: scalar('Where'),
  cast: (value, { builder, name }) => builder.add('Cast', [name(value.inputs[0])], { to: CAST[value.dtype] }),
};
