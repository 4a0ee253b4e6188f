/*
 * Functions of tensors are synchronous, an accelerator is not. `settled` runs a function until it needs something that has
 * to be waited for, waits, and runs it again from its start with what is known so far, until it ends. What the function
 * does besides must be cheap, and must not depend on chance or a clock.
 */
import * as tf from '@tensorflow/tfjs-core';

/** Thrown where something has to be waited for. */
class Suspension {
  constructor(readonly wait: () => Promise<tf.Tensor>) {}
}

/** What the function that runs now has waited for, in the order of its calls. */
let replay: { known: readonly tf.Tensor[]; next: number } | undefined;

/**
 * The tensor that a promise gives, within `settled`. `begin` is called where it is not known yet: it copies what it needs
 * from tensors, which are gone afterwards, and gives what makes the promise.
 * @throws Error outside of `settled`
 */
export const suspended = (begin: () => () => Promise<tf.Tensor>): tf.Tensor => {
  if (!replay) throw new Error('a network on an accelerator can be evaluated by samplers only');
  const known = replay.known[replay.next++] as tf.Tensor | undefined;
  if (known) return tf.clone(known);
  // eslint-disable-next-line @typescript-eslint/only-throw-error -- not an error: it must not pass for one on its way
  throw new Suspension(begin());
};

/** The result of f, which the caller owns; everything else that f made is freed. */
export const settled = async (f: () => tf.Tensor): Promise<tf.Tensor> => {
  const known: tf.Tensor[] = [];
  try {
    for (;;) {
      const before = replay;
      replay = { known, next: 0 };
      let wait: Suspension['wait'];
      try {
        return tf.tidy(f);
      } catch (error) {
        if (!(error instanceof Suspension)) throw error;
        wait = error.wait;
      } finally {
        replay = before;
      }
      known.push(await wait());
    }
  } finally {
    tf.dispose(known);
  }
};
