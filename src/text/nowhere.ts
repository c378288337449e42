import { Writable } from "node:stream";

/** Takes all that is written and shows none of it: for who prints nothing. */
export const nowhere = (): NodeJS.WriteStream =>
  new Writable({ write: (_text, _encoding, done) => done() }) as unknown as NodeJS.WriteStream;
