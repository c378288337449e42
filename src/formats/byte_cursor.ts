import { DataError } from "../errors.ts";

/** Reads little-endian values one after another. @throws DataError at the end of the bytes */
export class ByteCursor {
  private at = 0;
  private readonly view: DataView;
  private readonly decoder = new TextDecoder();

  constructor(
    private readonly source: Uint8Array,
    private readonly file: string,
  ) {
    this.view = new DataView(source.buffer, source.byteOffset, source.byteLength);
  }

  /** Bytes read so far. */
  get position(): number {
    return this.at;
  }

  skip(count: number): void {
    this.advance(count);
  }
  u8(): number {
    return this.view.getUint8(this.advance(1));
  }
  u16(): number {
    return this.view.getUint16(this.advance(2), true);
  }
  u32(): number {
    return this.view.getUint32(this.advance(4), true);
  }
  i32(): number {
    return this.view.getInt32(this.advance(4), true);
  }
  /** Exact up to 2^53, which no file reaches. */
  u64(): number {
    return Number(this.view.getBigUint64(this.advance(8), true));
  }
  f64BigEndian(): number {
    return this.view.getFloat64(this.advance(8), false);
  }

  /** A two's complement integer of `count` bytes; a bigint where a number is not exact. */
  signed(count: number): number | bigint {
    let value = 0n;
    const bytes = this.bytes(count);
    for (let i = count - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i]!);
    value = BigInt.asIntN(8 * count, value);
    return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  }

  bytes(count: number): Uint8Array {
    const from = this.advance(count);
    return this.source.subarray(from, from + count);
  }

  /** UTF-8. */
  text(byteCount: number): string {
    return this.decoder.decode(this.bytes(byteCount));
  }

  /** Up to and without the next line feed. */
  line(): string {
    const end = this.source.indexOf(10, this.at);
    if (end < 0) return this.cutShort();
    const text = this.text(end - this.at);
    this.at++;
    return text;
  }

  private advance(count: number): number {
    const from = this.at;
    if (count > this.source.length - from) this.cutShort();
    this.at = from + count;
    return from;
  }

  private cutShort(): never {
    throw new DataError(`${this.file}: cut short after ${this.source.length} bytes of its pickle`);
  }
}
