/*
 * A feature network on the card: how many images a second, and how far its vectors lie from ONNX Runtime's on the host that
 * made the bundle. The network's file travels with the bundle only when it is asked for.
 */
import { existsSync, readFileSync } from 'node:fs';
import { selectBackend } from '../../src/compute';
import { onnxNetwork } from '../../src/compute/onnx-network';
import type { Precision } from '../../src/compute/xla/emitter';
import { openXlaDevice, type PjrtDevice } from '../../src/compute/xla/pjrt';
import { DeviceNetwork } from '../../src/features/device-network';
import type { Preprocessing } from '../../src/features';
import { type Report, rounded } from './report';

/** What the host made beforehand; lies beside the network in the bundle as `features.json`. */
export type ExpectedFeatures = {
  preprocessing: Preprocessing;
  output: string;
  d: number;
  /** Bytes of 16 x 16 colour images, base64. */
  images: string;
  /** Their vectors, float32 in base64. */
  features: string;
  /** Images a second of ONNX Runtime on the host. */
  hostRate: number;
  cpus: string;
};

export const FEATURES_SIDE = 16;
const COUNT = Number(process.env.CHECK_IMAGES ?? 5000);
const SIZE = FEATURES_SIDE * FEATURES_SIDE * 3;

const timed = async (
  device: PjrtDevice,
  expected: ExpectedFeatures,
  network: ReturnType<typeof onnxNetwork>,
  { precision, batch }: { precision: Precision; batch: number },
): Promise<Record<string, unknown>> => {
  const { preprocessing, output, d } = expected;
  const known = new Uint8Array(Buffer.from(expected.images, 'base64'));
  const truth = new Float32Array(Uint8Array.from(Buffer.from(expected.features, 'base64')).buffer);
  const n = known.length / SIZE;
  const images = new Uint8Array(COUNT * SIZE);
  for (let i = 0; i < COUNT; i++) images.set(known.subarray((i % n) * SIZE, ((i % n) + 1) * SIZE), i * SIZE);
  const shape = { h: FEATURES_SIDE, w: FEATURES_SIDE, c: 3 };
  const on = await DeviceNetwork.create(device, network, { preprocessing, batch, precision });
  try {
    const started = performance.now();
    await on.run(images.subarray(0, SIZE * batch), shape);
    const ready = (performance.now() - started) / 1000;
    let [worst, largest] = [0, 0];
    const whole = async (): Promise<number> => {
      const t0 = performance.now();
      let pending: Promise<void> = Promise.resolve();
      for (let first = 0; first < COUNT; first += batch) {
        const count = Math.min(batch, COUNT - first);
        const rows = on.run(images.slice(first * SIZE, (first + count) * SIZE), shape);
        await pending; // one batch computes while the next is sent
        pending = rows.then(([{ data }]) => {
          for (let i = 0; i < count * d; i++) {
            const wanted = truth[((first + Math.floor(i / d)) % n) * d + (i % d)];
            worst = Math.max(worst, Math.abs(data[i] - wanted));
            largest = Math.max(largest, Math.abs(wanted));
          }
        });
      }
      await pending;
      return COUNT / ((performance.now() - t0) / 1000);
    };
    const rates = [await whole(), await whole(), await whole()];
    return {
      network: output,
      images: COUNT,
      images_per_s: rates.map(rounded),
      host_images_per_s: rounded(expected.hostRate),
      host: expected.cpus,
      relative_error: worst / largest,
      ready_s: rounded(ready),
    };
  } finally {
    await on.dispose();
  }
};

/** @param asked `PRECISION@BATCH`; default: float32 and tf32 at 250 and 500 */
export const featuresSection = async (report: Report, cache: string, asked: readonly string[]): Promise<void> => {
  if (!existsSync('features.onnx')) {
    report({ left_out: 'the bundle was made without --features FILE' });
    return;
  }
  await selectBackend({ backend: 'wasm' });
  const expected = JSON.parse(readFileSync('features.json', 'utf8')) as ExpectedFeatures;
  const network = onnxNetwork(readFileSync('features.onnx'), [expected.output]);
  const device = await openXlaDevice({ cache });
  const cases = asked.length > 0 ? asked : ['float32@250', 'tf32@250', 'tf32@1000', 'float32@1000'];
  for (const text of cases) {
    const [precision, batch] = [text.split('@')[0] as Precision, Number(text.split('@')[1])];
    try {
      report({ case: 'features', precision, batch, ...(await timed(device, expected, network, { precision, batch })) });
    } catch (error) {
      report({ case: 'features', precision, batch, error: String((error as Error).stack).slice(0, 1500) });
    }
  }
  device.dispose();
};
