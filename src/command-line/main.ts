#!/usr/bin/env node
import { createInterface } from 'node:readline/promises';
import { runCommandLine } from '.';

const ask = async (question: string): Promise<string> => {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await lines.question(question);
  } finally {
    lines.close();
  }
};

const main = async (): Promise<void> => {
  process.exitCode = await runCommandLine(process.argv.slice(2), {
    out: text => process.stdout.write(text),
    err: text => process.stderr.write(text),
    live: process.stderr.isTTY,
    ...(process.stdin.isTTY && { ask }),
  });
};

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error; // the reader has gone, as in `cosim inspect FILE | head`
  process.exit(0);
});

void main();
