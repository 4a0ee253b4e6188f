/* A feature network on an accelerator, as an extractor uses it. */
import { availableParallelism } from 'node:os';
import { shapeSize } from '../compute/host-arrays';
import { onnxNetwork } from '../compute/onnx-network';
import type { Device } from '../compute/xla/device';
import { DeviceNetwork } from './device-network';
import type { OpenNetwork, VectorsOf } from './extract-features';
import { type FeatureDeclaration, type Planned, planFeatures } from './feature-plan';
import { type FeatureThread, startFeatureThread } from './feature-thread';
import { expectFinite, type Output, type Rows, rowsOf } from './vector-rows';

/** Images of one call; what fills a card, and leaves room on a small one. */
const BATCH = 250;

/**
 * Opens the bytes of an ONNX file on a device: weights go there once.
 * @throws OnnxOperatorError where the file cannot be computed there, saying why; ArgumentError where it is not as declared
 */
export const openOnDevice = async (
  where: string,
  device: Device,
  bytes: Uint8Array,
  declaration: FeatureDeclaration,
): Promise<{ planned: Planned; network: OpenNetwork }> => {
  const { signature } = onnxNetwork(bytes);
  const planned = planFeatures(where, signature, declaration);
  const { plan } = planned;
  const { preprocessing, features, logits, token, fixedBatch } = plan;
  const read = onnxNetwork(bytes, [features, ...(logits === undefined ? [] : [logits])]);
  const batch = fixedBatch ?? BATCH;
  const prepared = preprocessing.resize.kernel === 'tf1-bilinear'; // of fractions, in an order that a device may change
  const form = { preprocessing, batch, precision: 'float32', prepared } as const;
  const on = await DeviceNetwork.create(device, read, form);
  const threads = prepared ? Array.from({ length: availableParallelism() }, startFeatureThread) : [];

  const named = (name: string, output: Output, n: number, at?: number): Rows => {
    const rows = rowsOf(name, output, n, at);
    expectFinite(name, rows);
    return rows;
  };
  const vectorsOf = (outputs: readonly Output[], n: number): VectorsOf => ({
    features: named(features, outputs[0], n, token),
    ...(logits !== undefined && { logits: named(logits, outputs[1], n) }),
  });
  type Lane = OpenNetwork['lanes'][number];
  const direct: Lane = async images => vectorsOf(await on.run(images.data, images), images.n);
  const throughThread =
    (thread: FeatureThread): Lane =>
    async images => {
      const { h, w, c, n, data } = images;
      const answer = await thread.ask({ kind: 'prepare', preprocessing, images }, [data.buffer]);
      return vectorsOf(await on.run(answer.prepared!, { h, w, c }), n);
    };
  return {
    planned,
    network: {
      signature,
      plan,
      batch,
      rows: batch, // one program
      lanes: prepared ? threads.map(throughThread) : [direct, direct], // one computes while the next goes up
      lengthsOf: images => {
        const blanks = on.shapesFor(images).map(dims => ({ data: new Float32Array(shapeSize(dims)), dims }));
        const { features: rows, logits: others } = vectorsOf(blanks, 1);
        return Promise.resolve({ d: rows.d, classes: others?.d ?? 0 });
      },
      dispose: async () => {
        await Promise.all(threads.map(thread => thread.end()));
        await on.dispose();
      },
    },
  };
};
