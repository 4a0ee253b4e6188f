/* Processes that share a card take turns: each gets ready side by side with the others, and times what it times alone. */
import { createInterface } from 'node:readline';

const lines = process.env.CHECK_TURNS === undefined ? undefined : createInterface({ input: process.stdin });
const iterator = lines?.[Symbol.asyncIterator]();

/** Says that this process is ready, and waits until it is this process's turn; at once where nobody shares the card. */
export const myTurn = async (): Promise<void> => {
  if (!iterator) return;
  console.log(JSON.stringify({ waiting: true }));
  await iterator.next();
};
