import { EngineError } from "../../errors.ts";
import { FreeBlocks } from "./free_blocks.ts";

const PAGE = 65536;
/** Blocks start at cache lines, and their ends may be read and written in whole vectors. */
const LINE = 64;
const GROW_BY = 256; // pages at least: 16 MiB

/** The memory that all threads share; given out and taken back by the main thread alone. */
export class SharedMemory {
  readonly wasm: WebAssembly.Memory;
  private readonly free = new FreeBlocks();
  private readonly sizes = new Map<number, number>();
  private buffer: ArrayBufferLike;

  /** @param mostPages the limit, in pages of 64 KiB */
  constructor(private readonly mostPages: number) {
    this.wasm = new WebAssembly.Memory({ initial: 1, maximum: mostPages, shared: true });
    this.buffer = this.wasm.buffer;
    this.free.add(1024, PAGE - 1024); // below: the binary's own, and no block at address 0
  }

  /** Bytes given out. */
  get used(): number {
    return this.buffer.byteLength - 1024 - this.free.bytes;
  }

  /** Bytes of the whole memory, free ones among them. */
  get size(): number {
    return this.buffer.byteLength;
  }

  /** The address of `bytes` bytes of any content. @throws EngineError at the limit */
  allocate(bytes: number): number {
    const size = Math.max(LINE, Math.ceil(bytes / LINE) * LINE);
    let at = this.free.take(size);
    if (at === undefined) {
      this.grow(size);
      at = this.free.take(size)!;
    }
    this.sizes.set(at, size);
    return at;
  }

  /** Takes back what `allocate` gave. */
  release(at: number): void {
    const size = this.sizes.get(at);
    if (size === undefined) throw new Error(`no block of memory starts at ${at}`);
    this.sizes.delete(at);
    this.free.add(at, size);
  }

  /** `length` values at an address. The view stays valid when the memory grows. */
  view<T>(
    Type: new (buffer: ArrayBufferLike, at: number, length: number) => T,
    at: number,
    length: number,
  ): T {
    return new Type(this.buffer, at, length);
  }

  private grow(size: number): void {
    const end = this.buffer.byteLength;
    const missing = size - this.free.sizeBefore(end);
    const pages = Math.ceil(missing / PAGE);
    const left = this.mostPages - end / PAGE;
    const more = Math.max(pages, Math.min(left, Math.max(GROW_BY, Math.floor(end / PAGE / 8))));
    try {
      if (pages > left) throw new RangeError("at the limit");
      this.wasm.grow(more);
    } catch (cause) {
      throw new EngineError(
        `the wasm backend's memory is full: expected ${mebibytes(size)} more, got a limit of ${mebibytes(this.mostPages * PAGE)} (WebAssembly's is 4 GiB), of which ${mebibytes(this.used)} are in use. ` +
          "Lower data_params.train_batch_size and val_batch_size, the image size, or take fewer or earlier feature_layers.",
        { cause },
      );
    }
    this.buffer = this.wasm.buffer;
    this.free.add(end, more * PAGE);
  }
}

const mebibytes = (bytes: number) => `${(bytes / 2 ** 20).toFixed(bytes < 2 ** 20 ? 2 : 0)} MiB`;
