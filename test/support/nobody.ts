import { chmodSync } from "node:fs";

const NOBODY = 65534;

/** The result of `work`, done without root's right to read and write all; `folder` is opened to that user. */
export async function withoutRoot<T>(folder: string, work: () => Promise<T>): Promise<T> {
  if (process.getuid?.() !== 0) return work();
  chmodSync(folder, 0o777);
  process.seteuid!(NOBODY);
  try {
    return await work();
  } finally {
    process.seteuid!(0);
  }
}
