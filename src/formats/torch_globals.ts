/**
 * The Python names that a PyTorch file may mention. None is ever imported or called: they are turned into
 * plain data here, and a name that is not listed ends the reading.
 */
export class PythonGlobal {
  constructor(
    readonly module: string,
    readonly name: string,
  ) {}
  toString(): string {
    return `${this.module}.${this.name}`;
  }
}

/** What a name stands for: a way to build data, a storage's element type, or something carried and never read. */
export type Meaning =
  | { readonly kind: "tensor" }
  | { readonly kind: "parameter" }
  | { readonly kind: "dict" }
  | { readonly kind: "list" }
  | { readonly kind: "storage"; readonly dtype: TorchDtype }
  | { readonly kind: "inert" };

/** Element types of storages; float16 and bfloat16 are read as Float32Array. */
export type TorchDtype =
  | "float64"
  | "float32"
  | "float16"
  | "bfloat16"
  | "int64"
  | "int32"
  | "int16"
  | "int8"
  | "uint8"
  | "bool";

/** Bytes of an element. */
export const WIDTH: Readonly<Record<TorchDtype, number>> = {
  float64: 8,
  int64: 8,
  float32: 4,
  int32: 4,
  float16: 2,
  bfloat16: 2,
  int16: 2,
  int8: 1,
  uint8: 1,
  bool: 1,
};

const STORAGES: Readonly<Record<string, TorchDtype>> = {
  DoubleStorage: "float64",
  FloatStorage: "float32",
  HalfStorage: "float16",
  BFloat16Storage: "bfloat16",
  LongStorage: "int64",
  IntStorage: "int32",
  ShortStorage: "int16",
  CharStorage: "int8",
  ByteStorage: "uint8",
  BoolStorage: "bool",
};

const MEANINGS = new Map<string, Meaning>([
  ["torch._utils._rebuild_tensor_v2", { kind: "tensor" }],
  ["torch._utils._rebuild_parameter", { kind: "parameter" }],
  ["torch._utils._rebuild_parameter_with_state", { kind: "parameter" }],
  ["collections.OrderedDict", { kind: "dict" }],
  ["builtins.dict", { kind: "dict" }],
  ["torch.Size", { kind: "list" }],
  ["builtins.list", { kind: "list" }],
  ["builtins.tuple", { kind: "list" }],
]);
for (const [name, dtype] of Object.entries(STORAGES))
  MEANINGS.set(`torch.${name}`, { kind: "storage", dtype });

/** Carried without meaning: settings, counters and class names that training scripts and Lightning leave. */
const INERT = new Set([
  "argparse.Namespace",
  "builtins.bytearray",
  "builtins.complex",
  "builtins.frozenset",
  "builtins.set",
  "builtins.slice",
  "collections.Counter",
  "collections.defaultdict",
  "collections.deque",
  "datetime.datetime",
  "datetime.timedelta",
  "numpy.dtype",
  "numpy.ndarray",
  "numpy.core.multiarray.scalar",
  "numpy.core.multiarray._reconstruct",
  "numpy._core.multiarray.scalar",
  "numpy._core.multiarray._reconstruct",
  "pathlib.Path",
  "pathlib.PosixPath",
  "pathlib.PurePosixPath",
  "pathlib.WindowsPath",
  "pathlib._local.PosixPath",
  "pathlib._local.WindowsPath",
  "torch.device",
  "torch.float16",
  "torch.float32",
  "torch.float64",
  "torch.bfloat16",
  "torch.int32",
  "torch.int64",
  "torch.uint8",
  "torch.bool",
  "_codecs.encode",
]);
const INERT_PACKAGES = ["pytorch_lightning.", "lightning.", "lightning_fabric.", "lightning_utilities."];

/** Its meaning, or undefined for a name that may not occur. */
export function meaningOf({ module, name }: PythonGlobal): Meaning | undefined {
  // Python 2 files say __builtin__, protocol 0 to 2 files of Python 3 too.
  const full = `${module === "__builtin__" ? "builtins" : module}.${name}`;
  const known = MEANINGS.get(full);
  if (known) return known;
  const inert = INERT.has(full) || INERT_PACKAGES.some((p) => full.startsWith(p));
  return inert ? { kind: "inert" } : undefined;
}
