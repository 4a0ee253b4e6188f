/** Output by MIME type, richest first: text as a string, pictures as base64, JSON types as objects. */
export type MimeBundle = Record<string, unknown>;

/** The method by which a notebook kernel asks an object for its output; shared with Deno's Jupyter kernel. */
export const displaySymbol: unique symbol = Symbol.for('Jupyter.display');

/** Anything that knows how a notebook should show it. */
export type Displayable = { readonly [displaySymbol]: () => MimeBundle };
