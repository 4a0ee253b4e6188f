import { cleanNotebook } from './clean';
import { type Cell, joinText, type Notebook } from './notebook-file';

// The "percent" text form of a notebook, the one that editors know: `// %%` opens a code cell, `// %% [markdown]` one of
// text, whose lines are comments; tags follow as `tags=["parameters"]`. (jupytext does this too, but is Python.)
const HEADER = /^\/\/ %%(?: \[(markdown|raw)\])?(?: tags=(\[.*\]))?\s*$/;

const comment = (text: string): string =>
  text
    .split('\n')
    .map(line => `// ${line}`.trimEnd())
    .join('\n');

const uncomment = (text: string): string => text.replace(/^\/\/ ?/gm, '');

/**
 * A notebook as text, without its outputs.
 * @throws Error when a line of code would read as the start of a cell.
 */
export const toPercent = (notebook: Notebook): string =>
  cleanNotebook(notebook)
    .cells.map(({ cell_type: type, metadata, source }, index) => {
      const text = joinText(source);
      if (type === 'code' && /^\/\/ %%/m.test(text))
        throw new Error(`cell ${index + 1} has a line that starts '// %%'`);
      const kind = type === 'code' ? '' : ` [${type}]`;
      const tags = metadata.tags ? ` tags=${JSON.stringify(metadata.tags)}` : '';
      return `// %%${kind}${tags}\n${type === 'code' ? text : comment(text)}\n`;
    })
    .join('\n');

const parseCells = (text: string): Cell[] => {
  const cells: (Cell & { source: string })[] = [];
  for (const [number, line] of text.split('\n').entries()) {
    const header = HEADER.exec(line);
    if (header) {
      const [, kind = 'code', tags] = header as unknown as [string, Cell['cell_type']?, string?];
      cells.push({ cell_type: kind, metadata: tags ? { tags: JSON.parse(tags) as string[] } : {}, source: '' });
    } else if (line.startsWith('// %%')) throw new Error(`line ${number + 1}: '${line}' is not a cell header`);
    else if (cells.length > 0) cells[cells.length - 1].source += `${line}\n`;
    else if (line.trim() !== '') throw new Error(`line ${number + 1}: text before the first '// %%'`);
  }
  return cells.map(cell => {
    const source = cell.source.trim();
    return { ...cell, source: cell.cell_type === 'code' ? source : uncomment(source) };
  });
};

/**
 * The notebook of a percent text. A cell whose text stands unchanged in `previous` keeps its id and its outputs.
 * @throws Error naming the line that is no cell header, or text before the first cell.
 */
export const fromPercent = (text: string, previous?: Notebook): Notebook => {
  const old = previous ? cleanNotebook(previous).cells : [];
  const cells = parseCells(text).map(cell => {
    const same = old.findIndex(o => o.cell_type === cell.cell_type && joinText(o.source) === cell.source);
    if (same < 0) return cell;
    const [{ id, outputs, attachments }] = old.splice(same, 1);
    return { ...cell, id, ...(outputs ? { outputs } : {}), ...(attachments ? { attachments } : {}) };
  });
  return cleanNotebook({ cells, metadata: {}, nbformat: 4, nbformat_minor: 5 });
};
