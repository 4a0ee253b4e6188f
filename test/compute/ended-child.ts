/* Ends a worker, or this process, while the worker is in a native call of about a second; see native-thread.test.ts. */
import * as tf from '@tensorflow/tfjs-core';
import { selectBackend } from '../../src/compute/backend';
import { acquireProgram, compileModel, dismissWorkers, runOn, sharedArray } from '../../src/compute/onnx';

const SIZE = 768;
const PRODUCTS = 60;

const main = async (): Promise<void> => {
  await selectBackend({ backend: 'wasm' });
  const model = await compileModel(
    ({ x }) => {
      let y = x;
      for (let i = 0; i < PRODUCTS; i++) y = tf.mul(tf.matMul(y as tf.Tensor2D, x as tf.Tensor2D), 1 / SIZE);
      return { y };
    },
    { x: [SIZE, SIZE] },
  );
  const program = acquireProgram(model);
  const [x, y] = [sharedArray(SIZE * SIZE), sharedArray(SIZE * SIZE)];
  const run = (): Promise<void> => runOn(0, program, { x }, { y });
  await run(); // the session is open
  const running = run().catch((error: Error) => {
    console.log(error.message);
  });
  await new Promise(resolve => setTimeout(resolve, 100));
  console.log('inside');
  const ending = process.argv[2];
  if (ending === 'exit') process.exit(3);
  if (ending === 'throw') throw new Error('a fault of the caller');
  await dismissWorkers();
  await running;
  await run();
  console.log('ran again');
};

main().catch((error: unknown) => {
  setImmediate(() => {
    throw error;
  });
});
