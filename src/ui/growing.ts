/** Numbers that are added at the end, 8 bytes each. */
export class Numbers {
  private data = new Float64Array(64);
  length = 0;

  push(value: number): void {
    if (this.length === this.data.length) {
      const larger = new Float64Array(this.length * 2);
      larger.set(this.data);
      this.data = larger;
    }
    this.data[this.length++] = value;
  }

  at(i: number): number {
    return this.data[i]!;
  }

  /** What it takes, in bytes. */
  get bytes(): number {
    return this.data.byteLength;
  }
}
