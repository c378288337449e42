import { type Memory, openMemory, type Pointer } from "../ffi.ts";
import { openTensorFlow, type TensorFlowApi } from "./c_api.ts";

/** int64 places in the scratch block at first: for shapes, lists of attributes, output handles. */
const SCRATCH = 4096;

/**
 * TensorFlow's C API with what every call needs: one status, one scratch block of native memory seen as typed
 * arrays, and C strings that are made once. It keeps a call at a few microseconds.
 */
export class Native {
  readonly api: TensorFlowApi;
  readonly memory: Memory;
  readonly status: Pointer;
  private places = 0;
  private block: Pointer = 0;
  private low = new Uint32Array(0);
  private high = new Int32Array(0);
  private readonly strings = new Map<string, { at: Pointer; bytes: number }>();

  constructor(file: string) {
    this.api = openTensorFlow(file);
    this.memory = openMemory();
    this.status = this.api.newStatus();
    this.reserve(SCRATCH);
  }

  /** `places` int64 numbers, then one int32. */
  get scratch(): Pointer {
    return this.block;
  }

  get countAt(): Pointer {
    return this.block + this.places * 8;
  }

  /** Makes room for `places` int64 numbers at least, in a new block where need be. */
  reserve(places: number): void {
    if (places <= this.places) return;
    if (this.places > 0) this.memory.free(this.block);
    this.places = places;
    this.block = this.memory.malloc(places * 8 + 8);
    const view = this.memory.view(this.block, places * 8 + 8);
    this.low = new Uint32Array(view);
    this.high = new Int32Array(view);
  }

  /** @throws Error with TensorFlow's own text where the last call failed. */
  check(): void {
    if (this.api.getCode(this.status) !== 0) throw new Error(this.api.message(this.status));
  }

  /** A C string that lives as long as the process: op names, attribute names and values. */
  string(text: string): { at: Pointer; bytes: number } {
    let held = this.strings.get(text);
    if (held === undefined) {
      const bytes = Buffer.from(`${text}\0`, "utf8");
      held = { at: this.memory.malloc(bytes.length), bytes: bytes.length - 1 };
      this.memory.write(held.at, bytes, bytes.length);
      this.strings.set(text, held);
    }
    return held;
  }

  /** Puts integers into the scratch block as int64. */
  putInts(values: readonly number[]): void {
    if (values.length > this.places)
      throw new Error(`a list of ${values.length} integers is longer than ${this.places}`);
    for (let i = 0; i < values.length; i++) {
      const v = values[i]!;
      this.low[2 * i] = v >>> 0;
      this.high[2 * i + 1] = Math.floor(v / 2 ** 32);
    }
  }

  /** The `i`-th pointer in the scratch block. */
  pointerAt(i: number): Pointer {
    return this.low[2 * i]! + this.low[2 * i + 1]! * 2 ** 32;
  }

  set count(n: number) {
    this.high[this.places * 2] = n;
  }

  get count(): number {
    return this.high[this.places * 2]!;
  }
}
