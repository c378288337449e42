import { tf } from "../tf.ts";
import type { BackendDefinition } from "./define.ts";

/** tfjs's own backend in JavaScript: to compare with. */
export const cpu: BackendDefinition<"cpu"> = {
  name: "cpu",
  remark: "is slow",
  async register() {}, // tfjs has it
  async describe() {
    Object.assign(tf.backend(), { firstUse: false }); // or tfjs prints an advertisement of tfjs-node
    return { library: "tfjs", version: tf.version_core, device: "JavaScript" };
  },
};
