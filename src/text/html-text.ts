/** Text as HTML shows it, in an element or in a quoted attribute: no sign of it is markup. */
export const htmlText = (text: string): string => text.replace(/[&<>"'`]/g, sign => `&#${sign.charCodeAt(0)};`);
