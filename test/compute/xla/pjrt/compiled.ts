import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

/**
 * Compiles C into a shared library in a folder of its own, with the compiler `CC` names, else `cc`. The folder stays as
 * long as the process: a library that is loaded does.
 * @returns its path
 */
export const sharedLibrary = (
  source: string,
  name = `${basename(source, '.c')}.so`,
  flags: readonly string[] = [],
): string => {
  const folder = mkdtempSync(join(tmpdir(), 'cosim-test-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, name);
  const compiler = process.env.CC ?? 'cc';
  try {
    execFileSync(compiler, ['-shared', '-fPIC', '-O1', '-pthread', '-o', path, source, ...flags], { stdio: 'pipe' });
  } catch (error) {
    const { code, stderr } = error as { code?: string; stderr?: Buffer };
    if (code === 'ENOENT')
      throw new Error(`these tests need a C compiler: no ${compiler} on the PATH (apt install gcc)`);
    throw new Error(`${compiler} refused ${source}: ${stderr?.toString().slice(0, 1000)}`);
  }
  return path;
};
