import type { Named, Tensor } from "../tf.ts";
import { tf } from "../tf.ts";
import { BACKEND, TracingBackend } from "./backend.ts";
import { type Port, type Ref, writeGraph } from "./graph.ts";
import { LOWERINGS } from "./kernels/lowerings.ts";
import { Unexportable } from "./unexportable.ts";
import { Value } from "./value.ts";

export { OPSET } from "./graph.ts";

/** A tensor of a graph: the batch's axis is not in `shape`. Of three more axes it is channels first in the file. */
export interface GraphTensor {
  readonly shape: readonly number[];
  readonly doc?: string;
}

export interface TraceArgs {
  readonly name: string;
  readonly doc: string;
  readonly metadata: Readonly<Record<string, string>>;
  /** float32, as `body` gets them, with the batch before their axes. */
  readonly inputs: Named<GraphTensor>;
  /** Tensors by the names that their values get. */
  readonly weights: ReadonlyMap<string, Tensor>;
  /** What each output is, for people. */
  readonly docs?: Named<string>;
  readonly version: string;
  body(inputs: Named<Tensor>): Named<Tensor>;
}

/** Lengths of the batch, two at a time: primes, so that what they divide depends on the batch. */
const PRIMES = [1009, 1013, 1019, 1021, 1031, 1033] as const;

/**
 * A function of tensors as a file of ONNX: it is run on tensors without values, and what its kernels do is written down.
 * Images and grids are channels first in the file ([N, C, H, W]), N is whatever a call has. It is traced with two lengths
 * of the batch, which must give the same graph.
 *
 * @throws Unexportable where it runs a kernel that has no form in ONNX here, or depends on the batch's length
 */
export function traceOnnx(args: TraceArgs): Uint8Array {
  const lengths = [...args.weights.values(), ...Object.values(args.inputs)].flatMap(({ shape }) => shape);
  const [first, second] = PRIMES.filter((prime) => lengths.every((n) => n % prime !== 0));
  if (second === undefined) throw new Unexportable("its tensors have sides by which the batch can't be told");
  const before = tf.getBackend();
  const backend = register();
  tf.setBackend(BACKEND);
  try {
    const [a, b] = [first!, second].map((batch) => trace(backend, batch, args));
    if (Buffer.compare(a!, b!) !== 0) throw new Unexportable("it depends on how many images a batch has");
    return a!;
  } finally {
    tf.setBackend(before);
  }
}

function trace(backend: TracingBackend, batch: number, args: TraceArgs): Uint8Array {
  backend.batch = batch;
  const dims = (shape: readonly number[]) =>
    ["N", ...(shape.length === 3 ? [shape[2]!, shape[0]!, shape[1]!] : shape)] as const;
  const { inputs, weights, docs = {}, body, ...about } = args;
  for (const [name, tensor] of weights) backend.name(tensor, name);
  let file: Uint8Array | undefined;
  tf.tidy(() => {
    const given = Object.entries(inputs).map(([name, { shape }]) => {
      const ref: Ref = { kind: "input", name };
      const value = new Value(
        [batch, ...shape],
        "float32",
        shape.length === 3 ? { first: ref } : { plain: ref },
        batch,
      );
      return [name, tf.engine().makeTensorFromTensorInfo(backend.output(value), backend) as Tensor] as const;
    });
    const made = body(Object.fromEntries(given));
    const outputs = Object.entries(made).map(([name, tensor]) => {
      const value = backend.value(tensor);
      const [length, ...shape] = value.shape;
      if (length !== batch) throw new Unexportable(`its ${name} is not one for each image`);
      const port: Port = {
        name,
        type: value.type,
        dims: dims(shape),
        ...(docs[name] !== undefined && { doc: docs[name] }),
      };
      return { port, ref: shape.length === 3 ? value.first : value.plain };
    });
    const ports = Object.entries(inputs).map(
      ([name, { shape, doc }]): Port => ({
        name,
        type: "float32",
        dims: dims(shape),
        ...(doc !== undefined && { doc }),
      }),
    );
    file = writeGraph({ ...about, inputs: ports, outputs }, args.version);
  });
  return file!;
}

let registered: TracingBackend | undefined;

function register(): TracingBackend {
  if (registered !== undefined) return registered;
  const backend = new TracingBackend();
  tf.registerBackend(BACKEND, () => backend, 0);
  const cpu = tf.getKernelsForBackend("cpu").map(({ kernelName }) => kernelName);
  for (const kernelName of new Set([...cpu, ...Object.keys(LOWERINGS)])) {
    tf.registerKernel({
      kernelName,
      backendName: BACKEND,
      kernelFunc: ({ inputs, attrs, backend: own }) =>
        (own as TracingBackend).kernel(kernelName, LOWERINGS[kernelName], inputs, attrs ?? {}),
    });
  }
  registered = backend;
  return backend;
}
