import { execFileSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { basename, join } from 'node:path';
import { temporaryFolder } from '../../../temporary-folder';

const place = temporaryFolder();

/** Compiles C into a shared library in a folder of its own, with the compiler `CC` names, else `cc`. @returns its path */
export const sharedLibrary = (
  source: string,
  name = `${basename(source, '.c')}.so`,
  flags: readonly string[] = [],
): string => {
  const path = join(mkdtempSync(place('library-')), name);
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
