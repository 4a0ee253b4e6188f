/*
 * `node --import tsx scripts/study/bundle.ts FOLDER [--data FOLDER]`: a folder that trains the long studies on a machine with
 * neither Node nor network: `./node study.cjs cifar10 teacher --carried . --out results --engine xla --precision tf32`.
 * Modules find themselves, what the build knows of their code, and the data under the names that they have here, so that
 * what is trained there says what made it.
 */
import { spawnSync } from 'node:child_process';
import { cp, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import type { Plugin } from 'esbuild';
import { LONG_STUDIES, type LongStudyName, studyFolder } from '../../src/studies';
import { carryProgram } from '../carried-program';
import { root } from '../project';
import { writeCarried } from './carried-data';
import { studyData } from './data';

/** Modules of `src` believe that they lie in the bundle's `dist`, as in a built package. */
const asBuilt: Plugin = {
  name: 'as-built',
  setup: bundler => {
    const source = join(root, 'src');
    bundler.onLoad({ filter: /\/src\/.*\.ts$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8');
      if (!path.startsWith(source)) return { contents: text, loader: 'ts' };
      const built = relative(source, path).replace(/\.ts$/, '.js');
      const place = `require('node:path').join(globalThis.bundleFolder, 'dist', ${JSON.stringify(built)})`;
      const contents = text
        .replaceAll(/\b__filename\b/g, place)
        .replaceAll(/\b__dirname\b/g, `require('node:path').dirname(${place})`);
      return { contents, loader: 'ts' };
    });
  },
};

const main = async (): Promise<void> => {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { data: { type: 'string' } } });
  if (positionals.length !== 1) throw new Error('usage: bundle.ts FOLDER [--data FOLDER of CIFAR-10]');
  const [folder] = positionals;
  const { status } = spawnSync(process.execPath, [join(root, 'scripts', 'build.mjs')], { stdio: 'inherit' });
  if (status !== 0) throw new Error('the build failed: the folder would not say what it was made of');
  await carryProgram(folder, join(root, 'scripts', 'study.ts'), 'study', {
    plugins: [asBuilt],
    banner: 'globalThis.bundleFolder = __dirname;',
  });
  for (const name of ['dist/commit', 'dist/code-hash.json', 'package.json', 'data/teachers'])
    await cp(join(root, name), join(folder, name), { recursive: true });
  await cp(join(__dirname, 'card.sh'), join(folder, 'card.sh'));
  const studies = Object.keys(LONG_STUDIES) as LongStudyName[];
  for (const study of studies.filter(name => studyFolder(name) === name))
    // the others have their data from these
    await writeCarried((await studyData(study, values.data)).train, folder);
};

void main().catch((error: unknown) => {
  console.error((error as Error).message);
  process.exitCode = 1;
});
