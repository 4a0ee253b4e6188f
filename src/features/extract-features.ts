/* Images through a feature network, several batches on their way at once. */
import { expectInteger, expectKeys, fail } from '../compute/check';
import type { Images } from '../compute/host-arrays';
import { expectByteImages } from '../datasets';
import type { Extracted, ExtractOptions } from '../metrics';
import { expectImageSize } from './feature-plan';
import type { FeaturePlan, FileSignature } from './feature-worker';
import type { Rows } from './vector-rows';

/** What the plan's outputs are for some images. */
export type VectorsOf = { features: Rows; logits?: Rows };

/** A feature network that is open: in threads of ONNX Runtime, or on a device. */
export type OpenNetwork = {
  signature: FileSignature;
  plan: FeaturePlan;
  /** Images at a time where nobody says. */
  batch: number;
  /** Images of every call, where that is fixed whatever is asked for; fewer take as long. */
  rows?: number;
  /** Batches that may be on their way at once, each by a function of its own, which takes one at a time. */
  lanes: readonly ((images: Images) => Promise<VectorsOf>)[];
  /** Lengths of the vectors of images like these, which shows that the network takes them. */
  lengthsOf: (images: Images) => Promise<Lengths>;
  dispose: () => Promise<void>;
};

/** Lengths of the vectors; 0 classes: no logits. */
export type Lengths = { d: number; classes: number };

/** Images [first, first + count), copied: memory of their own, which a thread may be given; `slice` of a Buffer is none. */
const piece = (images: Images, first: number, count: number): Images => {
  const size = images.h * images.w * images.c;
  return { ...images, data: new Uint8Array(images.data.subarray(first * size, (first + count) * size)), n: count };
};

/** Every lane takes the next images when it has done its last. */
export const extractFeatures = async (
  { signature, plan, batch: usual, rows, lanes }: OpenNetwork,
  { d, classes }: Lengths,
  images: Images,
  options: ExtractOptions = {},
): Promise<Extracted> => {
  expectByteImages('extract', images);
  expectKeys('extract', options, ['batch', 'signal', 'onImages']);
  const { batch = usual, signal, onImages } = options;
  const { n, c } = images;
  expectInteger('extract', 'images.n', n, { min: 1 });
  expectInteger('extract', 'batch', batch, { min: 1 });
  const channels = plan.preprocessing.channels === 'grey' ? [1] : [1, 3];
  if (!channels.includes(c)) fail('extract', 'images.c', channels.join(' or '), c);
  expectImageSize('extract', signature, plan, images);
  const share = rows ?? Math.min(plan.fixedBatch ?? batch, Math.ceil(n / lanes.length));
  const features = { data: new Float32Array(n * d), n, d };
  const logits = { data: new Float32Array(n * classes), n, d: classes };
  let [next, done, failed] = [0, 0, false];

  const work = async (run: OpenNetwork['lanes'][number]): Promise<void> => {
    while (next < n && !failed) {
      signal?.throwIfAborted();
      const [first, count] = [next, Math.min(share, n - next)];
      next += count;
      const made = await run(piece(images, first, count));
      if (made.features.d !== d)
        fail(
          'extract',
          'images',
          `of a size that gives vectors of length ${d}`,
          `vectors of length ${made.features.d}`,
        );
      features.data.set(made.features.data, first * d);
      if (made.logits) logits.data.set(made.logits.data, first * classes);
      done += count;
      onImages?.(done, n);
    }
  };
  const ends = await Promise.allSettled(
    lanes.map(lane =>
      work(lane).catch((error: unknown) => {
        failed = true;
        throw error;
      }),
    ),
  );
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
  return classes > 0 ? { features, logits } : { features };
};
