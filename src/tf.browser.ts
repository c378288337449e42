import * as core from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-core/dist/register_all_gradients.js";
import "@tensorflow/tfjs-backend-cpu";
import { addTensorMethods } from "./tensor_methods.ts";

addTensorMethods(core);

/** tfjs's core, whose layers a browser does without. */
export const tf: typeof core = { ...core };

/** As of src/tf.ts: here it always is. */
export const whenLoaded = (act: () => void): void => act();
