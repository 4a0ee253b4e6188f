export { htmlText } from './html-text';
export { codeSpan, markdownText } from './markdown-text';
export { onOneLine, printable } from './printable';
