// The kernel of the notebooks: tslab's, with two faults of it mended. Its converter fails when packages change while a cell
// runs ("Unexpected pending rebuildTimer": a build or an install in another terminal): they are not watched, as what
// is loaded stays loaded anyway until the kernel starts anew. And tslab prefixes the names of earlier cells with
// `exports.` and overlooks those in `{ name }`, which then are a ReferenceError. Each is written out as `{ name: name }`
// before tslab reads the cell; the places in its messages are those of the cell as it was typed.
const ts = require('@tslab/typescript-for-tslab');
const converter = require('tslab/dist/converter');

/** Where `name` stands alone in an object of the source: [{ end, text }], rising. */
const shorthands = source => {
  const file = ts.createSourceFile('cell.ts', source, ts.ScriptTarget.Latest, true);
  const found = [];
  const visit = node => {
    if (ts.isShorthandPropertyAssignment(node)) found.push({ end: node.name.end, text: `: ${node.name.text}` });
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found.sort((a, b) => a.end - b.end);
};

/** The source with every `{ name }` written out, and the way back from its offsets to those of the source. */
const writeOut = source => {
  const places = shorthands(source);
  let [text, from] = ['', 0];
  for (const { end, text: added } of places) {
    text += source.slice(from, end) + added;
    from = end;
  }
  const back = offset => {
    let shift = 0;
    for (const { end, text: added } of places) {
      if (offset <= end + shift) break;
      shift += Math.min(added.length, offset - end - shift);
    }
    return offset - shift;
  };
  return { text: text + source.slice(from), back };
};

/** A place in the cell as it was typed. */
const placeIn = (source, offset) => {
  const before = source.slice(0, offset);
  const lineStart = before.lastIndexOf('\n') + 1;
  return { offset, line: before.split('\n').length - 1, character: offset - lineStart };
};

const unwatched = { close: () => undefined };
const { watchFile } = ts.sys;
ts.sys.watchDirectory = () => unwatched;
ts.sys.watchFile = (path, ...rest) =>
  /(\.d\.[cm]?ts|[\\/]package\.json)$/.test(path) ? unwatched : watchFile(path, ...rest);

const { createConverter } = converter;
converter.createConverter = options => {
  const original = createConverter(options);
  const convert = (declarations, source) => {
    const { text, back } = writeOut(source);
    const result = original.convert(declarations, text);
    const place = ({ offset }) => placeIn(source, back(offset));
    const diagnostics = result.diagnostics.map(found =>
      found.fileName === undefined ? { ...found, start: place(found.start), end: place(found.end) } : found,
    );
    return { ...result, diagnostics };
  };
  return { ...original, convert };
};

module.exports = { writeOut };

if (require.main === module) {
  const [configPath] = process.argv.slice(2);
  const { startKernel } = require('tslab/dist/main');
  startKernel({ configPath, enableFindLocal: false });
}
