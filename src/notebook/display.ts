import { type Displayable, displaySymbol, Figure, type MimeBundle, type Picture, pictureBundle } from '../figures';
import { openOutput } from './kernel';

/** What `show` accepts: a figure, table or other displayable object, a picture not saved, a PNG, or plain text. */
export type Showable = Displayable | Picture | Uint8Array | string;

/** HTML to show as it stands. GitHub drops its styles and scripts. */
export const html = (source: string): Displayable => ({ [displaySymbol]: () => ({ 'text/html': source }) });

/** Markdown to show rendered. */
export const markdown = (source: string): Displayable => ({
  [displaySymbol]: () => ({ 'text/markdown': source, 'text/plain': source }),
});

/** The output of a showable value by MIME type. */
export const bundleOf = (value: Showable): MimeBundle => {
  if (typeof value === 'string') return { 'text/plain': value };
  if (value instanceof Uint8Array)
    return { 'image/png': Buffer.from(value).toString('base64'), 'text/plain': 'picture' };
  return displaySymbol in value ? value[displaySymbol]() : pictureBundle(value, value.title);
};

/**
 * Shows values under the running cell, in order. Pictures are stored as PNG, so a saved notebook needs no JavaScript;
 * charts also carry their Vega-Lite form, which JupyterLab makes interactive; a figure's note stands under it. Outside a kernel it does nothing.
 * @example
 * show(table([{ steps: 4, value: 1.5 }]), 'done');
 */
export const show = (...values: readonly Showable[]): void => {
  for (const value of values) {
    openOutput()(bundleOf(value));
    if (value instanceof Figure && value.note !== undefined) openOutput()(bundleOf(value.note));
  }
};
