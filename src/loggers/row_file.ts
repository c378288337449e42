import { appendFileSync, closeSync, existsSync, fsyncSync, openSync } from "node:fs";
import { writeAtomicSync, writeProblem } from "../files/atomic_file.ts";

/**
 * A text file that a row is added to at a time. It is written anew after a row that could not be written, so that none is
 * missing or half there.
 */
export class RowFile {
  /** Whether the file holds all rows. */
  private whole = false;

  /** @param text all that the file shall hold */
  constructor(
    readonly path: string,
    private readonly text: () => string,
  ) {}

  /** Adds a row, with the end of its line, which `text` holds already. */
  append(row: string): void {
    if (!this.whole || !existsSync(this.path)) {
      this.rewrite();
      return;
    }
    this.whole = false; // a full disk may take half a row
    try {
      appendFileSync(this.path, row);
    } catch (error) {
      throw writeProblem(this.path, error);
    }
    this.whole = true;
  }

  rewrite(): void {
    this.whole = false;
    writeAtomicSync(this.path, this.text());
    this.whole = true;
  }

  /** Puts all rows on the disk. */
  flush(): void {
    if (!this.whole || !existsSync(this.path)) this.rewrite();
    try {
      const fd = openSync(this.path, "r+");
      fsyncSync(fd);
      closeSync(fd);
    } catch (error) {
      throw writeProblem(this.path, error);
    }
  }
}
