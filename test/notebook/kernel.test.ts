import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { afterEach, beforeEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { imageGrid, table } from '../../src/figures';
import { html, interruptible, liveRun, markdown, progress, show } from '../../src/notebook';

type Message = { data: Record<string, unknown>; metadata: Record<string, unknown>; transient: { display_id: string } };
type Sent = Message & { update: boolean };

// What tslab does when it runs a cell: a global that marks the kernel, and the writer of the cell's outputs.
const cell = createRequire(__filename)('tslab/dist/jupyter') as {
  lastWriteDisplayData: ((message: Message, update: boolean) => void) | null;
};
let sent: Sent[] = [];
const enterKernel = (): void => {
  Object.assign(globalThis, { __tslab__: {} });
  cell.lastWriteDisplayData = (message, update) => sent.push({ ...message, update });
};
beforeEach(() => {
  sent = [];
});
afterEach(() => {
  Reflect.deleteProperty(globalThis, '__tslab__');
  cell.lastWriteDisplayData = null;
});

const grid = () => imageGrid({ images: { data: new Float32Array(4), n: 1, shape: [2, 2, 1] }, scale: 10 });

test('show sends one message a value with all its forms, outputs apart', async () => {
  enterKernel();
  show('text', html('<b>x</b>'), markdown('*x*'), table([{ a: 1 }]), (await grid()).png, await grid());
  assert.deepEqual(
    sent.map(({ data }) => Object.keys(data)),
    [
      ['text/plain'],
      ['text/html'],
      ['text/markdown', 'text/plain'],
      ['text/html', 'text/markdown', 'text/plain'],
      ['image/png', 'text/plain'],
      ['image/png', 'text/plain'],
    ],
  );
  assert.equal(new Set(sent.map(({ transient }) => transient.display_id)).size, 6);
  assert.ok(sent.every(({ update }) => !update));
});

test('a picture is shown at half its pixels: 20 + 2 x 24 pixels wide becomes 34', async () => {
  enterKernel();
  show((await grid()).png);
  assert.deepEqual(sent[0].metadata, { 'image/png': { width: 34 } });
});

test('progress is one output that updates in place, at most four times a second, and ends with its last state', async () => {
  enterKernel();
  const bar = progress({ total: 1000, label: 'x' });
  for (let done = 1; done <= 1000; done++) {
    bar.update(done, { loss: done });
    if (done % 100 === 0) await sleep(35);
  }
  bar.done();
  assert.equal(new Set(sent.map(({ transient }) => transient.display_id)).size, 1);
  assert.deepEqual([sent[0].update, ...new Set(sent.slice(1).map(({ update }) => update))], [false, true]);
  assert.ok(sent.length <= 5, `${sent.length} messages in 0.35 s`);
  assert.match(sent.at(-1)?.data['text/plain'] as string, /1,000 \/ 1,000 images .* · loss 1000$/);
});

test('a live run ends with its progress line and one picture of losses and samples', async () => {
  enterKernel();
  const live = liveRun({ total: 64, label: 'digits', metrics: { psiLoss: 'generator loss' } });
  await live.onReport({ step: 1, images: 32, psiLoss: 1 });
  await live.done();
  const without = sent.at(-1)?.metadata['image/png'] as { width: number };
  live.onSamples((await grid()).png);
  await live.onReport({ step: 2, images: 64, psiLoss: 0.5 });
  await live.done();
  const both = sent.at(-1)?.metadata['image/png'] as { width: number };
  assert.equal(both.width, without.width + (16 + 68) / 2); // gap and samples, shown at half their size
  assert.equal(new Set(sent.map(({ transient }) => transient.display_id)).size, 2);
  const lines = sent.map(({ data }) => data['text/plain']).filter(text => text !== 'picture');
  assert.match(lines.at(-1) as string, /64 \/ 64 .*generator loss 0\.5$/);
});

test('outside a kernel everything is quiet and still runs', async () => {
  show('text', table([{ a: 1 }]));
  const bar = progress({ total: 2 });
  bar.update(1);
  bar.done();
  const live = liveRun({ total: 1, metrics: { loss: 'loss' } });
  await live.onReport({ step: 1, images: 1, loss: 1 });
  await live.done();
  assert.equal(sent.length, 0);
});

test('an interrupt aborts the signal, lets the work save and return, and gives the handlers back', async () => {
  let kernelHeard = 0;
  const kernelHandler = () => kernelHeard++;
  process.on('SIGINT', kernelHandler);
  const before = process.listeners('SIGINT');
  for (let round = 0; round < 3; round++) {
    const saved = await interruptible(async signal => {
      setImmediate(() => process.emit('SIGINT'));
      while (!signal.aborted) await sleep(1);
      await sleep(5);
      return 'saved';
    });
    assert.equal(saved, 'saved');
    assert.deepEqual(process.listeners('SIGINT'), before);
  }
  assert.equal(kernelHeard, 0);
  process.off('SIGINT', kernelHandler);
});

test('a second interrupt while saving reaches the handlers of before', async () => {
  let heard = 0;
  const kernelHandler = () => heard++;
  process.on('SIGINT', kernelHandler);
  await interruptible(async () => {
    process.emit('SIGINT');
    process.emit('SIGINT');
    for (let i = 0; i < 200 && heard === 0; i++) await sleep(5);
  });
  assert.equal(heard, 1);
  process.off('SIGINT', kernelHandler);
});

test('work that throws also gives the handlers back', async () => {
  const before = process.listeners('SIGINT');
  await assert.rejects(
    interruptible(() => Promise.reject(new Error('out of memory'))),
    /out of memory/,
  );
  assert.deepEqual(process.listeners('SIGINT'), before);
});

test('what began to listen during one work is given back by the next, and not again', async () => {
  const before = process.listeners('SIGINT');
  const listener = (): void => undefined;
  let end = (): void => undefined;
  const background = interruptible(() => new Promise<void>(resolve => (end = resolve)));
  await interruptible(() => Promise.resolve()); // the first has begun too
  process.on('SIGINT', listener); // as a kernel does for the next cell
  await interruptible(() => Promise.resolve());
  assert.ok(process.listeners('SIGINT').includes(listener));
  process.off('SIGINT', listener);
  end();
  await background;
  assert.deepEqual(process.listeners('SIGINT'), before);
});

test('an interrupt reaches all that runs at once, and afterwards those listen that did before', async () => {
  const before = process.listeners('SIGINT');
  const listener = (): void => assert.fail('it is not to hear of it');
  process.on('SIGINT', listener);
  let begun = 0;
  const work = (signal: AbortSignal): Promise<string> =>
    new Promise(resolve => {
      signal.addEventListener('abort', () => resolve('saved'));
      if (++begun === 3) process.emit('SIGINT');
    });
  const short = interruptible(() => Promise.resolve('done')); // ends before the others
  assert.deepEqual(await Promise.all([short, ...[1, 2, 3].map(() => interruptible(work))]), [
    'done',
    'saved',
    'saved',
    'saved',
  ]);
  assert.deepEqual(process.listeners('SIGINT'), [...before, listener]);
  process.off('SIGINT', listener);
});
