import { createHash } from 'node:crypto';
import { relative, sep } from 'node:path';
import { readSourceModule, type SourceModule, type TakenNames } from './source-module';

/**
 * What begins so in `src`, no number depends on: it talks to people, draws, decides and tells. The engines are left out too,
 * and what drives them: they are held to TensorFlow.js's own results by tests, and a result names the one that it was
 * computed with.
 */
const NOT_COMPUTING = [
  'claims/',
  'command-line/',
  'compute/onnx/',
  'compute/xla/',
  'features/device-',
  'figures/',
  'networks/compiled-denoiser',
  'networks/device-denoiser',
  'notebook/',
  'provenance/',
  'queue/',
  'samplers/device-',
  'training/compiled-engine',
  'training/device-data',
  'training/xla-',
] as const;

const short = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 16);

/** Hashes of the code that modules of a source tree run. */
export type CodeHashes = {
  /**
   * Of all that the module of this file can run: 16 hexadecimal digits.
   * @param file absolute path of a TypeScript file of the tree
   */
  of: (file: string) => string;
};

/**
 * Hashes the code behind results. From the module that computes, imports are followed name by name, through the index
 * of each room to the file that declares what is imported; of every file that is reached, the tokens of its statements
 * count. So a file's name and place, comments, formatting, types and import lines do not count, nor do rooms that
 * compute nothing, and a change of any statement that is reached does. Files are read once.
 * @param root absolute path of `src`
 */
export const codeHashes = (root: string): CodeHashes => {
  const modules = new Map<string, SourceModule>();
  const moduleOf = (file: string): SourceModule => {
    const known = modules.get(file) ?? readSourceModule(file);
    modules.set(file, known);
    return known;
  };

  const hashes = new Map<string, string>();
  const hashOf = (file: string): string => {
    const known = hashes.get(file) ?? short(moduleOf(file).tokens);
    hashes.set(file, known);
    return known;
  };

  const computes = (file: string): boolean => {
    const path = relative(root, file).split(sep).join('/');
    return path !== 'index.ts' && !NOT_COMPUTING.some(begin => path.startsWith(begin));
  };

  const exports = (file: string, name: string, passed: readonly string[] = []): boolean => {
    if (passed.includes(file)) return false;
    const { declares, passesOn, passesOnAll } = moduleOf(file);
    return (
      declares.has(name) ||
      passesOn.some(({ exported }) => exported === name) ||
      passesOnAll.some(from => exports(from, name, [...passed, file]))
    );
  };

  /** Where the names of an import lead, one step on. */
  const passedOn = (file: string, names: TakenNames['names']): TakenNames[] => {
    const { passesOn, passesOnAll } = moduleOf(file);
    if (names === 'all')
      return [
        ...passesOn.map(({ from, name }) => ({ from, names: [name] })),
        ...passesOnAll.map(from => ({ from, names: 'all' as const })),
      ];
    return names.flatMap(wanted => {
      const own = passesOn.filter(({ exported }) => exported === wanted);
      if (own.length > 0) return own.map(({ from, name }) => ({ from, names: [name] }));
      return passesOnAll.filter(from => exports(from, wanted)).map(from => ({ from, names: [wanted] }));
    });
  };

  const reached = (entry: string): Set<string> => {
    const files = new Set<string>(); // whose statements run
    const seen = new Set<string>(); // imports followed
    const follow = ({ from, names }: TakenNames): void => {
      const key = `${from}\n${names === 'all' ? '*' : names.join()}`;
      if (seen.has(key) || !computes(from)) return;
      seen.add(key);
      if (!files.has(from)) {
        files.add(from);
        moduleOf(from).takes.forEach(follow);
      }
      passedOn(from, names).forEach(follow);
    };
    follow({ from: entry, names: 'all' });
    return files;
  };

  return {
    of: file => {
      const parts = [...reached(file)].filter(from => moduleOf(from).tokens !== '').map(hashOf);
      return short(parts.sort().join('\n'));
    },
  };
};
