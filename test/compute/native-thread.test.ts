import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, test } from 'node:test';

/** A program that ends its worker, or itself, in the middle of a run of ONNX Runtime in that worker. */
const child = (ending: string): { code: number | null; signal: string | null; out: string; err: string } => {
  const { status, signal, stdout, stderr } = spawnSync(
    process.execPath,
    ['--import', 'tsx', join(__dirname, 'ended-child.ts'), ending],
    { encoding: 'utf8' },
  );
  return { code: status, signal, out: stdout, err: stderr };
};

describe('a thread that is in the middle of a native call', () => {
  test('does not abort the process when that ends', () => {
    assert.deepEqual(child('exit'), { code: 3, signal: null, out: 'inside\n', err: '' });
  });

  test('leaves the message and the code of an uncaught error', () => {
    const { code, signal, err } = child('throw');
    assert.deepEqual([code, signal], [1, null]);
    assert.match(err, /Error: a fault of the caller/);
  });

  test('ends after the call when it is dismissed; what waits for it fails, and another thread takes its place', () => {
    const said = 'inside\nworker 0 has been dismissed\nran again\n';
    assert.deepEqual(child('dismiss'), { code: 0, signal: null, out: said, err: '' });
  });
});
