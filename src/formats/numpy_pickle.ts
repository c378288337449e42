import { ByteCursor } from "./byte_cursor.ts";
import { PythonGlobal } from "./torch_globals.ts";
import { type PickleDialect, readPickle } from "./torch_pickle.ts";

/** An array in a pickle. */
export class PickledArray {
  shape: readonly number[] = [];
  /** NumPy's name of the type without its byte order, such as `u1`. */
  dtype = "";
  bytes: Uint8Array = new Uint8Array(0);
}

class Dtype {
  constructor(readonly name: string) {}
}

const RECONSTRUCT = /^numpy\._?core\.multiarray\._reconstruct$/;
const FROM_BUFFER = /^numpy\._?core\.numeric\._frombuffer$/;
const NAMES = new Set(["numpy.ndarray", "numpy.dtype", "_codecs.encode"]);

/**
 * The value of a pickle of dicts, lists, numbers, text and NumPy's arrays, of Python 2 or 3, as `readTorchPickle` reads
 * PyTorch's: nothing is executed, and any other name ends the reading. Dicts are Map; a byte string of Python 2 is text
 * of one character a byte. `file` is for messages.
 *
 * @throws DataError for a name that may not occur, or a damaged pickle
 */
export function readNumpyPickle(bytes: Uint8Array, file: string): unknown {
  return readPickle(new ByteCursor(bytes, file), file, NUMPY);
}

const NUMPY: PickleDialect = {
  allows: (name) => {
    const full = String(name);
    return NAMES.has(full) || RECONSTRUCT.test(full) || FROM_BUFFER.test(full);
  },
  call(callee, args) {
    if (!(callee instanceof PythonGlobal) || !Array.isArray(args))
      throw new Error("a call of what is no name");
    const name = String(callee);
    if (RECONSTRUCT.test(name)) return new PickledArray();
    if (FROM_BUFFER.test(name)) return filled(new PickledArray(), args[2], args[1], args[3] === "F", args[0]);
    if (name === "numpy.dtype") return new Dtype(String(args[0]));
    if (name === "_codecs.encode" && args[1] === "latin1") return args[0]; // bytes, in protocol 2 of Python 3
    throw new Error(`a call of ${name}`);
  },
  build(object, state) {
    if (!(object instanceof PickledArray)) return; // a dtype's: byte order and the like
    const [, shape, dtype, fortran, data] = Array.isArray(state) ? state : [];
    filled(object, shape, dtype, fortran === true, data);
  },
  persistent: () => {
    throw new Error("a persistent id");
  },
  string: (bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1"),
};

function filled(
  array: PickledArray,
  shape: unknown,
  dtype: unknown,
  fortran: boolean,
  data: unknown,
): PickledArray {
  const isShape = Array.isArray(shape) && shape.every((n) => Number.isSafeInteger(n) && n >= 0);
  if (!isShape || !(dtype instanceof Dtype) || fortran) throw new Error("an array of another order or type");
  const bytes = typeof data === "string" ? Buffer.from(data, "latin1") : data;
  if (!(bytes instanceof Uint8Array)) throw new Error("an array without its bytes");
  return Object.assign(array, { shape, dtype: dtype.name, bytes });
}
