import type { Variable } from "../../tf.ts";
import type { TensorFlowBackend } from "./backend.ts";
import type { Binding } from "./binding.ts";
import { AttrType, DType } from "./c_api.ts";

const FLOAT = [{ name: "dtype", type: AttrType.TYPE, value: DType.FLOAT }];

/** An id that the binding never gives: use of a lent variable is an error, not a stale value. */
const LENT = -1;

/**
 * TensorFlow's resource variables behind tfjs's (float32): ops update them in place. A tensor that tfjs has of a
 * variable shares the resource's memory, and memory that is shared can't be updated in place; so a variable is
 * either lent to TensorFlow, when tfjs has no tensor of it, or given back, when it can be read as usual.
 */
export class Resources {
  /** `read`: the tensor that was last read from the resource, by which an assignment since then shows. */
  private readonly held = new Map<Variable, { readonly resource: number; read: number | undefined }>();
  private serial = 0;

  constructor(
    private readonly binding: Binding,
    private readonly backend: TensorFlowBackend,
  ) {}

  /** The id of the resource of `variable`, which holds its value; the variable is lent until `giveBack`. */
  lend(variable: Variable): number {
    const entry = this.entry(variable);
    const current = this.tensorOf(variable);
    if (current === LENT) return entry.resource;
    if (entry.read !== current) {
      this.binding.executeOp("AssignVariableOp", FLOAT, [entry.resource, current], 0);
    }
    this.binding.deleteTensor(current);
    this.info(variable).id = LENT;
    return entry.resource;
  }

  /** Makes `variable` readable again, with the resource's value. */
  giveBack(variable: Variable): void {
    if (this.tensorOf(variable) !== LENT) return;
    const entry = this.entry(variable);
    entry.read = this.binding.executeOp("ReadVariableOp", FLOAT, [entry.resource], 1)[0]!.id;
    this.info(variable).id = entry.read;
  }

  /** The id of the resource, whatever it holds. */
  resourceOf(variable: Variable): number {
    return this.entry(variable).resource;
  }

  /** The id of the tensor that tfjs has of a variable. */
  tensorOf(variable: Variable): number {
    return this.backend.getInputTensorIds([variable])[0]!;
  }

  private entry(variable: Variable) {
    let entry = this.held.get(variable);
    if (entry === undefined) {
      const attrs = [
        ...FLOAT,
        { name: "shape", type: AttrType.SHAPE, value: variable.shape },
        { name: "container", type: AttrType.STRING, value: "" },
        { name: "shared_name", type: AttrType.STRING, value: `tfjs_vae_${this.serial++}` },
      ];
      entry = { resource: this.binding.executeOp("VarHandleOp", attrs, [], 1)[0]!.id, read: undefined };
      this.held.set(variable, entry);
    }
    return entry;
  }

  private info(variable: Variable): { id: number } {
    return this.backend.tensorMap.get(variable.dataId as object);
  }
}
