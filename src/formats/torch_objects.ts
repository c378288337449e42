import { meaningOf, PythonGlobal, type TorchDtype } from "./torch_globals.ts";

/** One storage of the file, by key; its bytes are elsewhere. */
export class StorageRef {
  constructor(
    readonly dtype: TorchDtype,
    readonly key: string,
    readonly elements: number,
  ) {}
}

/** A view of a storage; `offset`, `shape` and `strides` count elements. */
export class TensorRef {
  constructor(
    readonly storage: StorageRef,
    readonly offset: number,
    readonly shape: readonly number[],
    readonly strides: readonly number[],
  ) {}
}

/** An object that nothing here reads. */
export class Inert {
  constructor(readonly what: PythonGlobal) {}
}

/** What PyTorch would get by calling `callee(*args)`, as data. @throws Error saying what is wrong */
export function rebuild(callee: unknown, args: unknown): unknown {
  if (!(callee instanceof PythonGlobal) || !Array.isArray(args)) throw new Error("a call of what is no name");
  switch (meaningOf(callee)?.kind) {
    case "tensor":
      return rebuildTensor(args);
    case "parameter":
      return args[0];
    case "dict":
      return new Map(pairs(args[0]));
    case "list":
      return Array.isArray(args[0]) ? [...args[0]] : [];
    case "inert":
      return new Inert(callee);
    default:
      throw new Error(`a call of ${callee}`);
  }
}

/** torch._utils._rebuild_tensor_v2(storage, offset, size, stride, …). */
function rebuildTensor([storage, offset, shape, strides]: unknown[]): TensorRef {
  const isSizes = (v: unknown): v is number[] => Array.isArray(v) && v.every(isSize);
  if (!(storage instanceof StorageRef) || !isSize(offset) || !isSizes(shape) || !isSizes(strides))
    throw new Error("a tensor without storage, offset, size and stride");
  if (shape.length !== strides.length || shape.length > 64)
    throw new Error("a tensor of unequal size and stride");
  const last = shape.reduce((sum, n, i) => sum + (n - 1) * strides[i]!, offset);
  if (!shape.includes(0) && last >= storage.elements)
    throw new Error(`a tensor that reaches element ${last} of ${storage.elements} in storage ${storage.key}`);
  return new TensorRef(storage, offset, shape, strides);
}

/** The storage that a persistent id ("storage", type, key, device, elements) names; before PyTorch 1.6 with a last None. */
export function storageOf(id: unknown): StorageRef {
  const [tag, type, key, , elements, view] = Array.isArray(id) ? (id as unknown[]) : [];
  const meaning = type instanceof PythonGlobal ? meaningOf(type) : undefined;
  if (
    tag !== "storage" ||
    meaning?.kind !== "storage" ||
    typeof key !== "string" ||
    !isSize(elements) ||
    view != null
  )
    throw new Error("a storage of a kind that is not supported");
  return new StorageRef(meaning.dtype, key, elements);
}

function isSize(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function* pairs(items: unknown): Iterable<[unknown, unknown]> {
  if (items instanceof Map) yield* items as Map<unknown, unknown>;
  else if (Array.isArray(items)) for (const item of items) if (Array.isArray(item)) yield [item[0], item[1]];
}
