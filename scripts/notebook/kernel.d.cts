/** The source with every `{ name }` written out, and the way back from its offsets to those of the source. */
export const writeOut: (source: string) => { text: string; back: (offset: number) => number };
