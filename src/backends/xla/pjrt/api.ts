import koffi, { type LibraryHandle, type TypeObject } from "koffi";
import { EngineError } from "../../../errors.ts";
import { hasBigStacks, loadForGood, type Pointer } from "../../ffi.ts";
import { PjrtError } from "./errors.ts";
import { type ArgumentOf, type FunctionName, type ResultOf, SIGNATURES, TABLE } from "./signatures.ts";
import { readText, Slots } from "./slots.ts";

/** Slots of PJRT_Api before its functions: struct_size, extension_start, version (struct_size, extension, numbers). */
const HEAD = 5;
/**
 * Zeros after each argument struct, which its struct_size counts: a plugin refuses structs that are shorter than its own,
 * and a newer one has fields more, for which zero means what it did before.
 */
const SPARE = 6;

/** Of TF_CPP_MIN_LOG_LEVEL: nothing on standard error but what ends the process; what fails comes as an error. */
const QUIET = "3";

type NativeFunction = ReturnType<LibraryHandle["func"]>;

interface Field {
  readonly name: string;
  readonly kind: "in" | "out" | "int" | "bool";
}

interface Call {
  readonly slots: Slots;
  readonly name: FunctionName;
}

/** koffi knows a function's type by its name, once a process. */
let functionType: TypeObject | undefined;
let deleterType: TypeObject | undefined;

/** The function table of a plugin. */
export class PjrtApi {
  /** Version of the C API that the plugin speaks: major, minor. */
  readonly version: readonly [number, number];
  private readonly functions = new Map<FunctionName, NativeFunction>();
  /** Argument structs that no call is using. */
  private readonly idle = new Map<FunctionName, Slots[]>();

  /** @throws EngineError where `file` can't be loaded or is no plugin */
  constructor(readonly file: string) {
    if (!hasBigStacks()) {
      throw new EngineError(
        "XLA's compiler needs larger stacks than koffi has been set to: another module loaded a library with koffi first. Choose --backend xla from the start of the process.",
      );
    }
    const at = tableOf(file);
    const head = new DataView(koffi.view(BigInt(at), 8 * HEAD) as ArrayBuffer);
    const size = Number(head.getBigInt64(0, true));
    this.version = [head.getInt32(32, true), head.getInt32(36, true)];
    const table = new BigInt64Array(koffi.view(BigInt(at), size) as ArrayBuffer);
    functionType ??= koffi.proto("PJRT_Function", "int64", ["int64"]);
    for (const name of Object.keys(SIGNATURES) as FunctionName[]) {
      const pointer = table[HEAD + TABLE.indexOf(name)];
      if (pointer) this.functions.set(name, koffi.decode(pointer, functionType) as NativeFunction);
    }
    this.call("Plugin_Initialize", {});
  }

  /** @throws PjrtError */
  call<F extends FunctionName>(name: F, values: Record<ArgumentOf<F>, number>): Record<ResultOf<F>, number> {
    const call = this.prepare(name, values);
    return this.finish(call, this.function(name)(call.slots.at));
  }

  /** `call` on a thread of libuv's pool. */
  async callAsync<F extends FunctionName>(
    name: F,
    values: Record<ArgumentOf<F>, number>,
  ): Promise<Record<ResultOf<F>, number>> {
    const call = this.prepare(name, values);
    const error = await new Promise<number>((resolve, reject) =>
      this.function(name).async(call.slots.at, (failure: Error | null, result: number) =>
        failure ? reject(failure) : resolve(result),
      ),
    );
    return this.finish(call, error);
  }

  /** The text that a function points to by `text` and `size`. */
  text<F extends "Client_PlatformName" | "Client_PlatformVersion" | "DeviceDescription_Kind">(
    name: F,
    values: Record<ArgumentOf<F>, number>,
  ): string {
    const { text, size } = this.call(name, values) as Record<"text" | "size", number>;
    return readText(text, size);
  }

  /** Calls the function at `deleter`, that frees what `owned` points to. */
  delete(deleter: Pointer, owned: Pointer): void {
    deleterType ??= koffi.proto("PJRT_Deleter", "void", ["int64"]);
    (koffi.decode(BigInt(deleter), deleterType) as NativeFunction)(owned);
  }

  /** @throws PjrtError where `error`, a PJRT_Error's address, is not 0; it is destroyed. */
  check(error: number, where: FunctionName): void {
    if (error === 0) return;
    const { message, size } = this.ask("Error_Message", error);
    const text = readText(message, size);
    const { code } = this.ask("Error_GetCode", error);
    this.ask("Error_Destroy", error);
    throw new PjrtError(code, text, where);
  }

  /** The functions of errors, whose results are no errors: two of them return nothing, and so whatever there was. */
  private ask<F extends "Error_Message" | "Error_GetCode" | "Error_Destroy">(name: F, error: number) {
    const call = this.prepare<"Error_Destroy">(name as "Error_Destroy", { error });
    this.function(name)(call.slots.at);
    return this.finish(call, 0) as Record<ResultOf<F>, number>;
  }

  /** A function by itself: takes its argument struct's address, gives a PJRT_Error's. */
  function(name: FunctionName): NativeFunction {
    const found = this.functions.get(name);
    if (found !== undefined) return found;
    throw new EngineError(
      `${this.file}: the plugin has no PJRT_${name}; its API is ${this.version.join(".")}. Get a tested one: npx vae setup xla.`,
    );
  }

  private prepare<F extends FunctionName>(name: F, values: Record<ArgumentOf<F>, number>): Call {
    const fields = fieldsOf(name);
    const slots = this.idle.get(name)?.pop() ?? new Slots(2 + fields.length + SPARE);
    slots.set(0, 8 * slots.length);
    for (let i = 0; i < fields.length; i++) {
      const { name: field, kind } = fields[i]!;
      slots.set(2 + i, kind === "in" ? values[field as ArgumentOf<F>] : 0);
    }
    return { slots, name };
  }

  private finish<F extends FunctionName>({ slots, name }: Call, error: number): Record<ResultOf<F>, number> {
    const out: Record<string, number> = {};
    fieldsOf(name).forEach(({ name: field, kind }, i) => {
      if (kind === "in") return;
      out[field] =
        kind === "out"
          ? slots.get(2 + i)
          : kind === "int"
            ? slots.getInt(2 + i)
            : Number(slots.getBool(2 + i));
    });
    const idle = this.idle.get(name);
    if (idle === undefined) this.idle.set(name, [slots]);
    else idle.push(slots);
    this.check(error, name);
    return out as Record<ResultOf<F>, number>;
  }
}

/** Address of a plugin's PJRT_Api. */
function tableOf(file: string): Pointer {
  process.env.TF_CPP_MIN_LOG_LEVEL ??= QUIET; // is read as the library loads
  let find: NativeFunction;
  try {
    find = loadForGood(file).func("GetPjrtApi", "int64", []);
  } catch (cause) {
    throw new EngineError(
      `${file}: can't be loaded as a PJRT plugin: ${(cause as Error).message}. Get a tested one: npx vae setup xla.`,
      { cause },
    );
  }
  return find() as Pointer;
}

const fields = new Map<FunctionName, readonly Field[]>();

function fieldsOf(name: FunctionName): readonly Field[] {
  let known = fields.get(name);
  if (known === undefined) {
    known = SIGNATURES[name].split(" ").filter(Boolean).map(parseField);
    fields.set(name, known);
  }
  return known;
}

function parseField(text: string): Field {
  const [, mark, name] = /^(<[#?]?)?(\w+)$/.exec(text)!;
  const kind = mark === undefined ? "in" : mark === "<#" ? "int" : mark === "<?" ? "bool" : "out";
  return { name: name!, kind };
}
