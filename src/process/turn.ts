/** Lets what else waits have its turn: signals, input and output, the display of progress. */
export const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
