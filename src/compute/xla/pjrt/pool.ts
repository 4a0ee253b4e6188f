/*
 * Native calls that take time run in Node's thread pool, which also serves the file system. They are let in so that one
 * thread is always left over for it: saving a run must not wait for a compiler.
 */
import { koffi } from './koffi';

const threads = Math.max(1, Number(process.env.UV_THREADPOOL_SIZE ?? 4) || 4);
const most = Math.max(1, threads - 1);

let running = 0;
const waiting: (() => void)[] = [];

let armed = false;

/**
 * Node waits at its end for the threads of its pool, so that `process.exit` during a compilation would take as long as
 * that. The kernel is asked instead, which waits for nobody.
 */
const endAtOnce = (): void => {
  if (armed) return;
  armed = true;
  const exit = koffi().load(null).func('void _exit(int status)') as (status: number) => void;
  process.on('exit', code => {
    if (running > 0) exit(code);
  });
};

/** Runs `work`, which occupies one thread of the pool, as soon as one may be taken; first come, first served. */
export const inPool = async <T>(work: () => Promise<T>): Promise<T> => {
  endAtOnce();
  if (running >= most)
    await new Promise<void>(resolve => {
      waiting.push(resolve); // who ends hands its place on
    });
  else running++;
  try {
    return await work();
  } finally {
    const next = waiting.shift();
    if (next) next();
    else running--;
  }
};
