import { runCommandLine } from '../../src/command-line';

/** What a command said and how it ended. */
export type Result = { code: number; out: string; err: string };

/** Runs the command line within this process. */
export const cosim = async (...args: string[]): Promise<Result> => {
  const said = { out: '', err: '' };
  const code = await runCommandLine(args, {
    out: text => (said.out += text),
    err: text => (said.err += text),
    live: false,
  });
  return { code, ...said };
};
