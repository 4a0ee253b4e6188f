#!/usr/bin/env node
import { runCommandLine } from '.';

const main = async (): Promise<void> => {
  process.exitCode = await runCommandLine(process.argv.slice(2), {
    out: text => process.stdout.write(text),
    err: text => process.stderr.write(text),
    live: process.stderr.isTTY,
  });
};

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error; // the reader has gone, as in `cosim inspect FILE | head`
  process.exit(0);
});

void main();
