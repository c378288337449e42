/** Blocks of free memory by address, joined with their neighbours, and found again by size. */
export class FreeBlocks {
  private readonly sizes = new Map<number, number>(); //    by start
  private readonly starts = new Map<number, number>(); //   by end
  private readonly bySize: Set<number>[] = Array.from({ length: 33 * STEPS }, () => new Set());

  /** Bytes in all blocks. */
  bytes = 0;

  /** Gives back [start, start + size). */
  add(start: number, size: number): void {
    this.bytes += size;
    const before = this.starts.get(start);
    if (before !== undefined) {
      size += this.remove(before);
      start = before;
    }
    if (this.sizes.has(start + size)) size += this.remove(start + size);
    this.insert(start, size);
  }

  /** The start of `size` bytes taken out of a block, or undefined where none is large enough. */
  take(size: number): number | undefined {
    const own = classOf(size);
    const start = this.find(own, size);
    if (start === undefined) return undefined;
    const found = this.remove(start);
    if (found > size) this.insert(start + size, found - size);
    this.bytes -= size;
    return start;
  }

  /** Bytes of the block that ends at `end`; 0 where there is none. */
  sizeBefore(end: number): number {
    const start = this.starts.get(end);
    return start === undefined ? 0 : end - start;
  }

  private find(own: number, size: number): number | undefined {
    for (const start of this.bySize[own]!) if (this.sizes.get(start)! >= size) return start;
    for (let c = own + 1; c < this.bySize.length; c++) for (const start of this.bySize[c]!) return start;
    return undefined;
  }

  private insert(start: number, size: number): void {
    this.sizes.set(start, size);
    this.starts.set(start + size, start);
    this.bySize[classOf(size)]!.add(start);
  }

  private remove(start: number): number {
    const size = this.sizes.get(start)!;
    this.sizes.delete(start);
    this.starts.delete(start + size);
    this.bySize[classOf(size)]!.delete(start);
    return size;
  }
}

/** Classes between a power of two and the next. */
const STEPS = 8;

/** Grows with the size; a block of a higher class than that of n holds n bytes. */
function classOf(size: number): number {
  const power = 31 - Math.clz32(size);
  const exponent = size >= 2 ** 32 ? 32 : power;
  return exponent * STEPS + Math.floor((size / 2 ** exponent - 1) * STEPS);
}
