import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type TypeScript from 'typescript';

/** What one module takes from another: some names, or whatever there is. */
export type TakenNames = { from: string; names: readonly string[] | 'all' };

/** A source file as far as results depend on it. */
export type SourceModule = {
  /** Its statements as tokens, without types, comments, formatting, imports and re-exports; '' where nothing is left. */
  tokens: string;
  /** What its statements use, of files of the project. */
  takes: readonly TakenNames[];
  /** Names that it only passes on: `export { name as exported } from`. */
  passesOn: readonly { from: string; name: string; exported: string }[];
  /** Files of `export * from`. */
  passesOnAll: readonly string[];
  /** Names that its own statements export. */
  declares: ReadonlySet<string>;
};

/** Loaded when it is needed only: a program that runs from dist/ has no compiler beside it and needs none. */
const compiler = (): typeof TypeScript => createRequire(__filename)('typescript') as typeof TypeScript;

/** The source file that a relative specifier names, seen from `file`; nothing where there is none. */
const sourceOf = (file: string, specifier: string): string | undefined => {
  if (!/^\.\.?(\/|$)/.test(specifier)) return undefined;
  const path = join(dirname(file), specifier.replace(/\.[jt]s$/, ''));
  return [`${path}.ts`, join(path, 'index.ts')].find(existsSync);
};

/** Tokens in a spelling that formatting cannot change: one kind of quotes, no comma before a closing bracket. */
const tokensOf = (
  ts: typeof TypeScript,
  source: TypeScript.SourceFile,
  statement: TypeScript.Node,
  onText: (text: string) => boolean,
): string[] => {
  const tokens: string[] = [];
  const visit = (node: TypeScript.Node): void => {
    // A worker's file and a late import are texts: like every import they count by what they lead to, not by name.
    if (ts.isStringLiteral(node)) tokens.push(onText(node.text) ? '""' : JSON.stringify(node.text));
    else {
      const children = node.getChildren(source);
      if (children.length === 0) tokens.push(node.getText(source));
      const isList = node.kind === ts.SyntaxKind.SyntaxList;
      children.forEach((child, i) => {
        if (!(isList && i === children.length - 1 && child.kind === ts.SyntaxKind.CommaToken)) visit(child);
      });
    }
  };
  visit(statement);
  return tokens.filter(token => token !== '');
};

const importedNames = (
  ts: typeof TypeScript,
  { importClause }: TypeScript.ImportDeclaration,
): readonly string[] | 'all' => {
  const named = importClause?.namedBindings;
  if (importClause === undefined || (named && ts.isNamespaceImport(named))) return 'all';
  const names = named?.elements.map(({ name, propertyName }) => (propertyName ?? name).text) ?? [];
  return importClause.name ? ['default', ...names] : names;
};

const declaredNames = (ts: typeof TypeScript, statement: TypeScript.Statement): string[] => {
  if (!ts.canHaveModifiers(statement)) return [];
  const modifiers = ts.getModifiers(statement) ?? [];
  if (!modifiers.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword)) return [];
  if (ts.isVariableStatement(statement))
    return statement.declarationList.declarations.flatMap(({ name }) => (ts.isIdentifier(name) ? [name.text] : []));
  const { name } = statement as TypeScript.Statement & { name?: TypeScript.Identifier };
  return name === undefined ? [] : [name.text];
};

/** By text: sources that are hashed again and again, as tests do, are parsed once. */
const parsed = new Map<string, TypeScript.SourceFile>();

/** The file as JavaScript: types go, and imports that only types used go with them. */
const parse = (ts: typeof TypeScript, file: string): TypeScript.SourceFile => {
  const text = readFileSync(file, 'utf8');
  const known = parsed.get(text);
  if (known !== undefined) return known;
  const { outputText } = ts.transpileModule(text, {
    compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext, removeComments: true },
  });
  const source = ts.createSourceFile('module.js', outputText, ts.ScriptTarget.ES2022, true, ts.ScriptKind.JS);
  parsed.set(text, source);
  return source;
};

/**
 * Reads a TypeScript file as far as results depend on it.
 * @param file its absolute path
 */
export const readSourceModule = (file: string): SourceModule => {
  const ts = compiler();
  const source = parse(ts, file);
  const tokens: string[] = [];
  const takes: TakenNames[] = [];
  const passesOn: { from: string; name: string; exported: string }[] = [];
  const passesOnAll: string[] = [];
  const declares = new Set<string>();
  const takeAll = (specifier: string): boolean => {
    const from = sourceOf(file, specifier);
    if (from !== undefined) takes.push({ from, names: 'all' });
    return from !== undefined;
  };

  for (const statement of source.statements) {
    if (ts.isImportDeclaration(statement)) {
      const from = sourceOf(file, (statement.moduleSpecifier as TypeScript.StringLiteral).text);
      if (from !== undefined) takes.push({ from, names: importedNames(ts, statement) });
    } else if (ts.isExportDeclaration(statement)) {
      const { moduleSpecifier, exportClause } = statement;
      const from = moduleSpecifier && sourceOf(file, (moduleSpecifier as TypeScript.StringLiteral).text);
      if (from === undefined) continue;
      if (exportClause === undefined) passesOnAll.push(from);
      else if (ts.isNamedExports(exportClause))
        for (const { name, propertyName } of exportClause.elements)
          passesOn.push({ from, name: (propertyName ?? name).text, exported: name.text });
      else takes.push({ from, names: 'all' }); // export * as name
    } else {
      tokens.push(...tokensOf(ts, source, statement, takeAll));
      for (const name of declaredNames(ts, statement)) declares.add(name);
    }
  }
  return { tokens: tokens.join(' '), takes, passesOn, passesOnAll, declares };
};
