import { createHash } from 'node:crypto';
import { type Cell, joinText, type Notebook, type Output, splitText } from './notebook-file';

const METADATA = {
  kernelspec: { display_name: 'TypeScript (cosim)', language: 'typescript', name: 'tslab' },
  language_info: {
    codemirror_mode: { mode: 'typescript', name: 'javascript', typescript: true },
    file_extension: '.ts',
    mimetype: 'text/typescript',
    name: 'typescript',
  },
};

/** Output formats that are stored as lists of lines, so that differences between versions can be read. */
const isLines = (mime: string): boolean => mime.startsWith('text/') || mime === 'image/svg+xml';

const cleanOutput = (output: Output): Output => {
  switch (output.output_type) {
    case 'stream':
      return { output_type: 'stream', name: output.name, text: splitText(output.text) };
    case 'error':
      return output;
    case 'display_data':
    case 'execute_result': {
      const entries = Object.entries(output.data).map(([mime, value]) =>
        isLines(mime) ? [mime, splitText(value as string | string[])] : [mime, value],
      );
      const data = Object.fromEntries(entries) as Record<string, unknown>;
      return { output_type: 'display_data', data, metadata: output.metadata };
    }
  }
};

/** Joins neighbouring pieces of one stream: how a kernel cuts its text into messages is a matter of chance. */
const cleanOutputs = (outputs: readonly Output[]): Output[] => {
  const joined: Output[] = [];
  for (const output of outputs) {
    const last = joined.at(-1);
    if (output.output_type === 'stream' && last?.output_type === 'stream' && last.name === output.name)
      joined[joined.length - 1] = { ...last, text: joinText(last.text) + joinText(output.text) };
    else joined.push(output);
  }
  return joined.map(cleanOutput);
};

/** The id that a cell has, or one made from its text when it has none or another cell took it. */
const cellId = ({ id, source }: Cell, taken: Set<string>): string => {
  const made = createHash('sha256').update(joinText(source)).digest('hex').slice(0, 8);
  let result = id ?? made;
  for (let i = 2; taken.has(result); i++) result = `${made}-${i}`;
  taken.add(result);
  return result;
};

const cleanCell = (cell: Cell, taken: Set<string>): Cell => {
  const tags = cell.metadata.tags ?? [];
  return {
    cell_type: cell.cell_type,
    id: cellId(cell, taken),
    metadata: tags.length > 0 ? { tags } : {},
    source: splitText(joinText(cell.source).replace(/^\n+|\s+$/g, '')),
    ...(cell.attachments ? { attachments: cell.attachments } : {}),
    ...(cell.cell_type === 'code' ? { execution_count: null, outputs: cleanOutputs(cell.outputs ?? []) } : {}),
  };
};

/** The one form in which a notebook is stored: outputs kept; no times, counts, versions or editor state. */
export const cleanNotebook = (notebook: Notebook): Notebook => {
  const taken = new Set<string>();
  return {
    cells: notebook.cells.map(cell => cleanCell(cell, taken)),
    metadata: METADATA,
    nbformat: 4,
    nbformat_minor: 5,
  };
};
