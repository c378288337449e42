import { stat } from "node:fs/promises";

/** What is made of a file, made anew when the file has changed. */
export class Cached<T> {
  private stamp: string | undefined;
  private value: T | undefined;

  /** @param make has undefined where the file can't be read */
  constructor(
    private readonly file: string,
    private readonly make: () => Promise<T | undefined>,
  ) {}

  async get(): Promise<T | undefined> {
    const stamp = await stampOf(this.file);
    if (stamp === this.stamp) return this.value;
    this.value = stamp === undefined ? undefined : await this.make();
    this.stamp = stamp;
    return this.value;
  }
}

/** Changes with the file's content; undefined: there is none. */
async function stampOf(file: string): Promise<string | undefined> {
  const info = await stat(file).catch(() => undefined);
  return info && `${info.ino} ${info.size} ${info.mtimeMs}`;
}
