import { writeFileSync } from 'node:fs';
import { OnnxBuilder } from '../../src/compute/onnx/onnx-builder';
import { encodeOnnx, type OnnxType } from '../../src/compute/onnx/onnx-file';
import type { FeatureDeclaration, Preprocessing } from '../../src/features';

/** What a tiny network is made of. */
export type TinyNetwork = {
  type?: OnnxType;
  shape: (number | string)[];
  outputs: Record<string, (number | string)[]>; // as the file states them
  build: (x: string, graph: OnnxBuilder) => Record<string, string>; // x as float32; results by output
};

/** Writes an ONNX file with one input `images`. */
export const writeNetwork = (path: string, { type = 'float32', shape, outputs, build }: TinyNetwork): string => {
  const graph = new OnnxBuilder();
  const results = build(type === 'float32' ? 'images' : graph.add('Cast', ['images'], { to: 1 }), graph);
  for (const [name, result] of Object.entries(results)) graph.name(result, name);
  const bytes = encodeOnnx({
    nodes: graph.nodes,
    initializers: graph.initializers(),
    inputs: [{ name: 'images', type, shape }],
    outputs: Object.entries(outputs).map(([name, dims]) => ({ name, type: 'float32', shape: dims })),
  });
  writeFileSync(path, bytes);
  return path;
};

/** A network whose features are its input, number by number. */
export const echo = (path: string, shape: (number | string)[], type: OnnxType = 'float32'): string =>
  writeNetwork(path, {
    type,
    shape,
    outputs: { features: ['n', 'd'] },
    build: (x, graph) => ({ features: graph.add('Reshape', [x, graph.integers([0, -1])]) }),
  });

/** Preprocessing that changes nothing: float32 NHWC RGB as it is. */
export const plain: Preprocessing = {
  resize: { kernel: 'none' },
  values: 'bytes',
  layout: 'NHWC',
  dtype: 'float32',
  channels: 'RGB',
};

export const declared = (
  preprocessing: Partial<Preprocessing> = {},
  rest: Partial<FeatureDeclaration> = {},
): FeatureDeclaration => ({
  name: 'tiny',
  preprocessing: { ...plain, ...preprocessing },
  ...rest,
});
