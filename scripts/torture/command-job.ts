// Commands that write files, one after the other; those whose file is there are left out when it is begun again.
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommandLine } from '../../src/command-line';
import { root } from '../project';

const CHECKPOINT = join(root, 'test/golden/ckpt/edm_ddpmpp.nosrc.pkl');
const PICTURES = join(root, 'test/fixtures/datasets/edm.zip');

/** Each command by the file that it writes. */
const COMMANDS: Readonly<Record<string, (path: string, dir: string) => string[]>> = {
  'model.safetensors': path => ['convert', CHECKPOINT, path],
  'network.onnx': path => ['export', CHECKPOINT, '--onnx', path],
  'samples.png': path => ['sample', '--network', CHECKPOINT, '--seeds', '0-1', '--steps', '2', '--out', path],
  'samples.safetensors': path => ['sample', '--network', CHECKPOINT, '--seeds', '0-1', '--steps', '2', '--out', path],
  'packed.zip': path => ['data', 'make', PICTURES, path],
};

/** Runs the commands into a folder. @throws Error with what the first that fails says, and its code */
export const runCommands = async (dir: string, signal: AbortSignal): Promise<void> => {
  for (const [file, argumentsFor] of Object.entries(COMMANDS)) {
    signal.throwIfAborted();
    const path = join(dir, file);
    if (existsSync(path)) continue;
    let said = '';
    const terminal = { out: () => undefined, err: (text: string) => (said += text), live: false };
    const code = await runCommandLine(argumentsFor(path, dir), terminal);
    if (code !== 0) throw new Error(`cosim ended with ${code}: ${said}`);
  }
};

/** The files of `runCommands` that are there. */
export const commandFiles = async (dir: string): Promise<string[]> =>
  (await readdir(dir)).filter(name => Object.hasOwn(COMMANDS, name)).map(name => join(dir, name));
