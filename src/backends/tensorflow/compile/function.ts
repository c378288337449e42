import type { Pointer } from "../../ffi.ts";
import type { Binding, TensorMetadata } from "../binding.ts";

/** A function of TensorFlow's that runs beside JavaScript: on a thread of its own, while the event loop is free. */
export class NativeFunction {
  private readonly op: Pointer;
  private readonly status: Pointer;
  /** Room for the output handles, then their number as an int32. */
  private readonly results: Pointer;
  private readonly view: BigUint64Array;
  private running = false;

  constructor(
    private readonly binding: Binding,
    private readonly name: string,
    private readonly outputs: number,
  ) {
    const { api, memory } = binding.n;
    this.status = api.newStatus();
    this.op = api.newOp(binding.context, binding.n.string(name).at, this.status);
    this.results = memory.malloc(8 * (outputs + 1));
    this.view = new BigUint64Array(memory.view(this.results, 8 * (outputs + 1)));
  }

  /** Runs it on tensors by id and gives its results. @throws Error with TensorFlow's text */
  async run(inputs: readonly number[]): Promise<TensorMetadata[]> {
    if (this.running) throw new Error("the step is already running");
    const { api } = this.binding.n;
    const { op, status, results, view, outputs } = this;
    api.resetOp(op, this.binding.n.string(this.name).at, 0, status);
    for (const id of inputs) api.addInput(op, this.binding.handle(id), status);
    view[outputs] = BigInt(outputs);
    const { waits } = this.binding;
    let end = (_: Error) => {};
    this.running = true;
    try {
      await new Promise<void>((resolve, reject) => {
        end = reject;
        waits.add(end);
        api.execute.async(op, results, results + 8 * outputs, status, (error: Error | null) =>
          error ? reject(error) : resolve(),
        );
      });
    } finally {
      waits.delete(end);
      this.running = false;
    }
    if (api.getCode(status) !== 0) throw new Error(api.message(status));
    api.resetOp(op, this.binding.n.string("NoOp").at, 0, status); // lets go of its inputs
    return Array.from({ length: outputs }, (_, i) => this.binding.metadata(Number(view[i])));
  }
}
