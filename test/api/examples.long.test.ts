import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import ts from 'typescript';
import { root } from './consumer';

/** What the examples may name besides the root's own names: a reader has them from the lines before. */
const GIVEN = `
import * as tf from '@tensorflow/tfjs-core';
import * as library from './index';
import { provenance } from './figures';
import type { SampledModel } from './models';
import type { ImageSource } from './evaluation';
import type { Images } from './compute/host-arrays';
declare const teacher: library.Model, dataset: library.Dataset, run: library.Run, task: Awaited<ReturnType<typeof library.imageTask>>;
declare const generator: SampledModel, model: SampledModel, images: ImageSource, bytes: Images, rows: Record<string, unknown>[];
declare const p: { images: number };
declare const F: tf.Tensor, xHat: tf.Tensor, D: tf.Tensor, s: tf.Tensor;
`;

const compilerOptions = (): ts.CompilerOptions => {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), path => ts.sys.readFile(path)) as {
    config: { compilerOptions: Record<string, unknown> };
  };
  return {
    ...ts.convertCompilerOptionsFromJson(config.compilerOptions, root).options,
    noUnusedLocals: false,
    noUnusedParameters: false,
  };
};

/** The examples in the comments of the root's values, by name. */
const rootExamples = (): Map<string, string[]> => {
  const face = join(root, 'src', 'index.ts');
  const program = ts.createProgram([face], compilerOptions());
  const checker = program.getTypeChecker();
  const names = checker.getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(face)!)!);
  const found = new Map<string, string[]>();
  for (const name of names) {
    const symbol = name.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(name) : name;
    if (!(symbol.flags & ts.SymbolFlags.Value)) continue;
    const tags = symbol.getJsDocTags(checker).filter(tag => tag.name === 'example');
    found.set(
      name.name,
      tags.map(tag => ts.displayPartsToString(tag.text)),
    );
  }
  return found;
};

test('every function of the root has an example, and the examples are right by their types', () => {
  const examples = rootExamples();
  assert.ok(examples.size >= 30);
  assert.deepEqual(
    [...examples].filter(([, own]) => own.length === 0).map(([name]) => name),
    [],
  );
  const names = [...examples.keys()].join(', ');
  const functions = [...examples].flatMap(([name, own]) =>
    own.map((code, i) => `export const example_${name}_${i} = async () => {\n${code}\n};`),
  );
  const text = `${GIVEN}const { ${names} } = library;\n${functions.join('\n')}\n`;
  const path = join(root, 'src', 'examples-of-comments.ts'); // in memory alone
  const options = compilerOptions();
  const host = ts.createCompilerHost(options);
  const onDisk = ts.createCompilerHost(options);
  host.getSourceFile = (file, ...rest) =>
    file === path ? ts.createSourceFile(path, text, ts.ScriptTarget.ES2022) : onDisk.getSourceFile(file, ...rest);
  host.fileExists = file => file === path || onDisk.fileExists(file);
  host.readFile = file => (file === path ? text : onDisk.readFile(file));
  const program = ts.createProgram([path], options, host);
  const source = program.getSourceFile(path)!;
  const problems = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)].map(
    ({ messageText, start }) => {
      const { line } = source.getLineAndCharacterOfPosition(start ?? 0);
      return `${text.split('\n')[line]}\n  ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
    },
  );
  assert.deepEqual(problems, []);
});
