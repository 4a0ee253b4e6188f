import { randomBytes } from 'node:crypto';
import type { MimeBundle } from '../figures';

/** What tslab 1.0.22 exports as the writer of the cell that runs now; null before the first cell. */
type Writer = (message: { data: MimeBundle; metadata: object; transient: object }, update: boolean) => void;

/** One output of a cell: the first call adds it, later calls replace it. Only its last state is stored. */
export type Output = (bundle: MimeBundle) => void;

/** Picture pixels per screen pixel, as figures are drawn. */
const pixelRatio = 2;

/** True inside a tslab kernel; in tests and scripts displays do nothing. */
export const insideKernel = (): boolean => '__tslab__' in globalThis;

// tslab.display sends one MIME type a message, but a chart's PNG and its interactive form belong in one. The function
// under it takes a whole bundle; tslab's version is pinned exactly. Read at each call: tslab replaces it for each cell.
const writer = (): Writer | null => {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- only inside a kernel, where tslab is loaded anyway
  const jupyter = require('tslab/dist/jupyter') as { lastWriteDisplayData: Writer | null };
  return jupyter.lastWriteDisplayData;
};

/** Pictures are drawn at twice their size; the PNG header's width (bytes 16-19) tells how wide to show one. */
const metadataOf = ({ 'image/png': png }: MimeBundle): object => {
  if (typeof png !== 'string') return {};
  const header = Buffer.from(png.slice(0, 32), 'base64');
  return { 'image/png': { width: Math.round(header.readUInt32BE(16) / pixelRatio) } };
};

/** Opens an output in the running cell; outside a kernel it swallows what it is given. */
export const openOutput = (): Output => {
  const id = randomBytes(8).toString('hex');
  let shown = false;
  return bundle => {
    if (!insideKernel()) return;
    writer()?.({ data: bundle, metadata: metadataOf(bundle), transient: { display_id: id } }, shown);
    shown = true;
  };
};
