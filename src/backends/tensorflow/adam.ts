import { tf } from "../../tf.ts";
import type { AdamUpdate } from "../adam.ts";
import type { TensorFlowBackend } from "./backend.ts";
import type { Binding } from "./binding.ts";
import { AttrType, DType } from "./c_api.ts";
import type { Resources } from "./resources.ts";

const ATTRIBUTES = [
  { name: "T", type: AttrType.TYPE, value: DType.FLOAT },
  { name: "use_locking", type: AttrType.BOOL, value: false },
  { name: "use_nesterov", type: AttrType.BOOL, value: false },
];

/** Adam by TensorFlow's ResourceApplyAdam, in place. Its own beta powers are 0: `rate` and `epsilon` hold them. */
export function adamUpdate(binding: Binding, backend: TensorFlowBackend, resources: Resources): AdamUpdate {
  return ({ p, m, v }, grad, { beta1, beta2, rate, epsilon }) =>
    tf.tidy(() => {
      const scalars = [tf.scalar(0), tf.scalar(0), rate, tf.scalar(beta1), tf.scalar(beta2), epsilon, grad];
      const inputs = backend.getInputTensorIds(scalars);
      const held = [p, m, v];
      binding.executeOp(
        "ResourceApplyAdam",
        ATTRIBUTES,
        [...held.map((x) => resources.lend(x)), ...inputs],
        0,
      );
      for (const x of held) resources.giveBack(x);
    });
}
