import { DataError } from "../errors.ts";
import { ByteCursor } from "./byte_cursor.ts";
import { meaningOf, PythonGlobal } from "./torch_globals.ts";
import { Inert, rebuild, storageOf } from "./torch_objects.ts";

const MARK = Symbol("mark");
const MAX_STACK = 200_000;
const MAX_OBJECTS = 2_000_000;

/** Instructions that push what follows them. */
const LITERALS: Readonly<Record<number, (input: ByteCursor, dialect: PickleDialect) => unknown>> = {
  78: () => null, // NONE
  136: () => true, // NEWTRUE
  137: () => false, // NEWFALSE
  74: (input) => input.i32(), // BININT
  75: (input) => input.u8(), // BININT1
  77: (input) => input.u16(), // BININT2
  138: (input) => input.signed(input.u8()), // LONG1
  71: (input) => input.f64BigEndian(), // BINFLOAT
  88: (input) => input.text(input.u32()), // BINUNICODE
  140: (input) => input.text(input.u8()), // SHORT_BINUNICODE
  141: (input) => input.text(input.u64()), // BINUNICODE8
  85: (input, { string }) => string(input.bytes(input.u8())), // SHORT_BINSTRING
  84: (input, { string }) => string(input.bytes(input.u32())), // BINSTRING
  67: (input) => input.bytes(input.u8()), // SHORT_BINBYTES
  66: (input) => input.bytes(input.u32()), // BINBYTES
  142: (input) => input.bytes(input.u64()), // BINBYTES8
  150: (input) => input.bytes(input.u64()), // BYTEARRAY8
  40: () => MARK,
};

/** What the names and objects of a kind of pickle stand for. None is ever imported, and nothing is called. */
export interface PickleDialect {
  /** Whether a name may occur. */
  allows(name: PythonGlobal): boolean;
  /** What Python would get by calling `callee(*args)`, as data. @throws Error saying what is wrong */
  call(callee: unknown, args: unknown): unknown;
  /** Gives an object that `call` made its state. */
  build(object: unknown, state: unknown): void;
  /** What a persistent id names. */
  persistent(id: unknown): unknown;
  /** A byte string of Python 2, which may be text. */
  string(bytes: Uint8Array): string;
}

const utf8 = new TextDecoder();
const TORCH: PickleDialect = {
  allows: (name) => meaningOf(name) !== undefined,
  call: rebuild,
  build: () => {}, // the state of an inert object, or an OrderedDict's _metadata
  persistent: storageOf,
  string: (bytes) => utf8.decode(bytes),
};

/**
 * The value of the pickle inside a PyTorch file, protocols 2 to 5, read without executing anything: the names
 * it calls are matched against `torch_globals.ts` and become the plain data of `torch_objects.ts`; dicts are
 * Map; lists, tuples and sets arrays. Work and memory are bounded. `file` is for messages.
 * @throws DataError for a name that may not occur, an instruction that PyTorch does not write, or a damaged pickle
 */
export function readTorchPickle(bytes: Uint8Array, file: string): unknown {
  return readPickle(new ByteCursor(bytes, file), file);
}

/** The pickle that begins where `input` stands, as `readTorchPickle` gives it; `input` is after it then. */
export function readPickle(input: ByteCursor, file: string, dialect = TORCH): unknown {
  try {
    return new Machine(input, dialect).run();
  } catch (cause) {
    if (cause instanceof DataError) throw cause;
    if (cause instanceof ForbiddenName) {
      const remedy =
        dialect === TORCH ? ". Save the weights alone: torch.save(model.state_dict(), FILE)" : "";
      throw new DataError(
        `${file}: refused, it refers to the Python name ${JSON.stringify(cause.message)}; expected only ` +
          `${dialect === TORCH ? "tensors" : "arrays"}, numbers and text${remedy}`,
      );
    }
    const why = (cause as Error).message;
    throw new DataError(`${file}: its pickle has ${why} (at byte ${input.position}); the file is damaged`);
  }
}

class ForbiddenName extends Error {}

/** The pickle machine: a stack, a memo and the instructions that PyTorch writes. */
class Machine {
  private readonly stack: unknown[] = [];
  private readonly memo = new Map<number, unknown>();
  private objects = 0;

  constructor(
    private readonly input: ByteCursor,
    private readonly dialect: PickleDialect,
  ) {}

  run(): unknown {
    for (;;) {
      const op = this.input.u8();
      if (op === 0x2e) return this.pop(); // STOP
      const literal = LITERALS[op];
      if (literal) this.stack.push(literal(this.input, this.dialect));
      else this.step(op);
      if (this.stack.length > MAX_STACK || this.objects > MAX_OBJECTS || this.memo.size > MAX_OBJECTS)
        throw new Error("more objects than any PyTorch file");
    }
  }

  private step(op: number): void {
    switch (op) {
      case 0x80: // PROTO
        this.protocol(this.input.u8());
        break;
      case 0x95: // FRAME
        this.input.skip(8);
        break;
      case 0x30: // POP
        this.pop();
        break;
      case 0x31: // POP_MARK
        this.popToMark();
        break;
      case 0x5d: // EMPTY_LIST
      case 0x29: // EMPTY_TUPLE
      case 0x8f: // EMPTY_SET
        this.create([]);
        break;
      case 0x7d: // EMPTY_DICT
        this.create(new Map());
        break;
      case 0x74: // TUPLE
      case 0x6c: // LIST
      case 0x91: // FROZENSET
        this.create(this.popToMark());
        break;
      case 0x85: // TUPLE1
      case 0x86: // TUPLE2
      case 0x87: // TUPLE3
        this.create(Array.from({ length: op - 0x84 }, () => this.pop()).reverse());
        break;
      case 0x61: // APPEND
        this.append([this.pop()]);
        break;
      case 0x65: // APPENDS
      case 0x90: // ADDITEMS
        this.append(this.popToMark());
        break;
      case 0x73: // SETITEM
        this.setItems([this.pop(), this.pop()].reverse());
        break;
      case 0x75: // SETITEMS
        this.setItems(this.popToMark());
        break;
      case 0x63: // GLOBAL
        this.global(this.input.line(), this.input.line());
        break;
      case 0x93: // STACK_GLOBAL
        this.global(...([this.pop(), this.pop()].reverse() as [unknown, unknown]));
        break;
      case 0x92: // NEWOBJ_EX: its keyword arguments concern nobody
        this.pop();
        this.call();
        break;
      case 0x52: // REDUCE
      case 0x81: // NEWOBJ
        this.call();
        break;
      case 0x62: {
        // BUILD
        const state = this.pop();
        this.dialect.build(this.top(), state);
        break;
      }
      case 0x51: // BINPERSID
        this.create(this.dialect.persistent(this.pop()));
        break;
      case 0x68: // BINGET
        this.recall(this.input.u8());
        break;
      case 0x6a: // LONG_BINGET
        this.recall(this.input.u32());
        break;
      case 0x71: // BINPUT
        this.memo.set(this.input.u8(), this.top());
        break;
      case 0x72: // LONG_BINPUT
        this.memo.set(this.input.u32(), this.top());
        break;
      case 0x94: // MEMOIZE
        this.memo.set(this.memo.size, this.top());
        break;
      default:
        throw new Error(`instruction 0x${op.toString(16).padStart(2, "0")}, which PyTorch does not write,`);
    }
  }

  private protocol(version: number): void {
    if (version < 2 || version > 5) throw new Error(`protocol ${version} where 2 to 5 was expected`);
  }

  private create(value: unknown): void {
    this.objects += 1 + (Array.isArray(value) ? value.length : 0);
    this.stack.push(value);
  }

  private top(): unknown {
    if (this.stack.length === 0 || this.stack.at(-1) === MARK) throw new Error("nothing on its stack");
    return this.stack.at(-1);
  }

  private pop(): unknown {
    const value = this.top();
    this.stack.pop();
    return value;
  }

  private popToMark(): unknown[] {
    const at = this.stack.lastIndexOf(MARK);
    if (at < 0) throw new Error("no mark on its stack");
    const items = this.stack.splice(at);
    items.shift();
    return items;
  }

  private recall(key: number): void {
    if (!this.memo.has(key)) throw new Error(`no memo ${key}`);
    this.stack.push(this.memo.get(key));
  }

  private append(items: unknown[]): void {
    const target = this.top();
    if (target instanceof Inert) return;
    if (!Array.isArray(target)) throw new Error("an append to what is no list");
    this.objects += items.length;
    for (const item of items) target.push(item);
  }

  private setItems(items: unknown[]): void {
    const target = this.top();
    if (items.length % 2 !== 0) throw new Error("a key without a value");
    if (target instanceof Inert) return;
    if (!(target instanceof Map)) throw new Error("an item set in what is no dict");
    this.objects += items.length / 2;
    for (let i = 0; i < items.length; i += 2) target.set(items[i], items[i + 1]);
  }

  private global(module: unknown, name: unknown): void {
    if (typeof module !== "string" || typeof name !== "string") throw new Error("a name that is no text");
    const found = new PythonGlobal(module, name);
    if (!this.dialect.allows(found)) throw new ForbiddenName(found.toString().slice(0, 200));
    this.create(found);
  }

  private call(): void {
    const args = this.pop();
    this.create(this.dialect.call(this.pop(), args));
  }
}
