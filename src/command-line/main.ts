#!/usr/bin/env node
import { once } from 'node:events';
import { createInterface } from 'node:readline/promises';
import { runCommandLine } from '.';

/** The answer; none at the end of the input. @throws AbortError at Ctrl-C */
const ask = async (question: string): Promise<string> => {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const ended = once(lines, 'close').then(() => '');
    return await Promise.race([lines.question(question), ended]);
  } finally {
    lines.close();
  }
};

/**
 * Writes to a stream as long as somebody reads it. A reader that goes, as in `cosim inspect FILE | head`, or a terminal that
 * is closed, is not the end of the work; a disk that is full is a failure, when all else is done.
 */
const outlet = (stream: NodeJS.WriteStream): ((text: string) => void) => {
  let open = true;
  stream.on('error', (error: NodeJS.ErrnoException) => {
    open = false;
    if (!['EPIPE', 'EIO', 'ECONNRESET', 'ERR_STREAM_DESTROYED'].includes(String(error.code))) process.exitCode = 1;
  });
  return text => {
    if (open) stream.write(text);
  };
};

const main = async (): Promise<void> => {
  const code = await runCommandLine(process.argv.slice(2), {
    out: outlet(process.stdout),
    err: outlet(process.stderr),
    live: process.stderr.isTTY,
    ...(process.stdin.isTTY && { ask }),
  });
  if (code > 2) process.exit(code); // stopped: what is still at work is left
  if (code !== 0) process.exitCode = code;
};

void main();
