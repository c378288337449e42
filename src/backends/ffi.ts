import koffi, { type LibraryHandle } from "koffi";

/** Opaque pointers travel as plain numbers: addresses of user space fit into 53 bits. */
export type Pointer = number;

/** Of native code that koffi calls, in bytes. XLA's compiler overruns koffi's own 128 KiB of asynchronous calls. */
const STACK = 16 * 2 ** 20;

try {
  koffi.config({ sync_stack_size: STACK, async_stack_size: STACK });
} catch {
  // Another module has loaded a library before; `hasBigStacks` tells.
}

/** Whether a compiler fits on the stacks that koffi gives to native code. */
export const hasBigStacks = (): boolean => (koffi.config().async_stack_size ?? 0) >= STACK;

/**
 * A library that stays in memory to the very end: koffi unloads its libraries as Node ends, before the functions run
 * that the library has registered for the process's exit. The handle that keeps it is taken first, so that whatever
 * fails between the two can't leave a library that is unloaded.
 *
 * @throws Error with the loader's text
 */
export function loadForGood(file: string): LibraryHandle {
  const RTLD_LAZY = 1;
  const names = process.platform === "darwin" ? ["libSystem.B.dylib"] : ["libc.so.6", "libdl.so.2"];
  for (const name of names) {
    try {
      koffi.load(name).func("dlopen", "int64", ["str", "int"])(file, RTLD_LAZY); // never closed
      break;
    } catch {
      // before glibc 2.34 dlopen is libdl's
    }
  }
  return koffi.load(file);
}

/** malloc, free and memcpy between native memory and typed arrays. */
export function openMemory() {
  const libc = koffi.load(process.platform === "darwin" ? "/usr/lib/libSystem.B.dylib" : "libc.so.6");
  return {
    malloc: libc.func("malloc", "int64", ["size_t"]) as (bytes: number) => Pointer,
    free: libc.func("free", "void", ["int64"]) as (at: Pointer) => void,
    write: libc.func("memcpy", "void", ["int64", "void *", "size_t"]) as (
      to: Pointer,
      from: ArrayBufferView,
      bytes: number,
    ) => void,
    read: libc.func("memcpy", "void", ["void *", "int64", "size_t"]) as (
      to: ArrayBufferView,
      from: Pointer,
      bytes: number,
    ) => void,
    /** Native memory as an ArrayBuffer, not copied. */
    view: (at: Pointer, bytes: number): ArrayBuffer => koffi.view(BigInt(at), bytes) as ArrayBuffer,
  };
}

export type Memory = ReturnType<typeof openMemory>;
