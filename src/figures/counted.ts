/** A number of things in words: '1 seed', '3 seeds'. */
export const counted = (n: number, what: string): string => `${n.toLocaleString('en-US')} ${what}${n === 1 ? '' : 's'}`;
