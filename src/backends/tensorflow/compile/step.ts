import type { Variable } from "../../../tf.ts";
import {
  type CompiledStep,
  type HostTensor,
  type Precision,
  type Recorded,
  type StepCompiler,
  Unrecordable,
} from "../../compiler.ts";
import type { TensorFlowBackend } from "../backend.ts";
import type { Binding } from "../binding.ts";
import { DType } from "../c_api.ts";
import type { Resources } from "../resources.ts";
import { buildFunction, type Signature } from "./build.ts";
import { NativeFunction } from "./function.ts";
import { difference, observe, Recorder, type Recording } from "./recording.ts";

interface Taken {
  readonly recording: Recording | Unrecordable;
  readonly inputs: readonly { shape: readonly number[]; dtype: number }[];
}

/** Steps as functions of TensorFlow's. */
export function stepCompiler(
  binding: Binding,
  backend: TensorFlowBackend,
  resources: Resources,
): StepCompiler {
  return {
    record(variables, body): Recorded {
      const before = variables.map((v) => {
        resources.lend(v); // so that its resource holds its value, which need not be recorded then
        resources.giveBack(v);
        return resources.tensorOf(v);
      });
      const recorder = new Recorder(
        before,
        variables.map((v) => resources.resourceOf(v)),
      );
      const inputs: { shape: readonly number[]; dtype: number }[] = [];
      let ids: number[] = [];
      const results = observe(binding, recorder, () => {
        const made = body({
          input(tensor) {
            const [id] = backend.getInputTensorIds([tensor]) as [number];
            recorder.input(id);
            inputs.push({ shape: tensor.shape, dtype: tensor.dtype === "int32" ? DType.INT32 : DType.FLOAT });
          },
          fail: (why) => recorder.fail(why),
        });
        ids = backend.getInputTensorIds(made); // a result that no op made is uploaded here, and known as a constant
        return made;
      });
      const finish = () => {
        try {
          const after = variables.map((v) => resources.tensorOf(v));
          return recorder.finish(ids, after);
        } catch (error) {
          if (error instanceof Unrecordable) return error;
          throw error;
        }
      };
      const taken: Taken = { recording: finish(), inputs };
      return { results, recording: taken };
    },

    compile(variables, first, second, precision): CompiledStep {
      const [a, b] = [first.recording as Taken, second.recording as Taken];
      for (const { recording } of [a, b]) if (recording instanceof Unrecordable) throw recording;
      const changed = difference(a.recording as Recording, b.recording as Recording, (id) =>
        binding.tensorDataSync(id),
      );
      if (changed !== undefined) throw new Unrecordable(changed);
      return compiled(binding, resources, variables, b, precision);
    },
  };
}

function compiled(
  binding: Binding,
  resources: Resources,
  variables: readonly Variable[],
  { recording, inputs }: Taken,
  precision: Precision,
): CompiledStep {
  const shapes = { variables: variables.map((v) => v.shape), inputs };
  const built = (() => {
    try {
      return buildFunction(binding, recording as Recording, shapes, precision);
    } catch (error) {
      throw new Unrecordable(`TensorFlow refuses it: ${(error as Error).message}`, { cause: error });
    }
  })();
  const run = new NativeFunction(binding, built.name, (recording as Recording).outputs.length);
  const syncVariables = () => {
    for (const v of variables) resources.giveBack(v);
  };
  return {
    syncVariables,
    async run(values) {
      const made = createInputs(binding, values, built.signature, inputs);
      try {
        const lent = built.signature.variables.map((i) => resources.lend(variables[i]!));
        const results = await run.run([...lent, ...made, ...built.signature.captures]);
        return results.map(({ id }) => {
          const value = binding.tensorDataSync(id) as Float32Array;
          binding.deleteTensor(id);
          return value;
        });
      } catch (error) {
        syncVariables();
        throw error;
      } finally {
        for (const id of made) binding.deleteTensor(id);
      }
    },
  };
}

function createInputs(
  binding: Binding,
  values: readonly HostTensor[],
  { inputs: used }: Signature,
  expected: Taken["inputs"],
): number[] {
  return used.map((i) => {
    const { shape, values: data } = values[i]!;
    const wanted = expected[i]!;
    if (String(shape) !== String(wanted.shape))
      throw new Error(`input ${i} of the step: expected [${wanted.shape}], got [${shape}]`);
    return binding.createTensor(shape, wanted.dtype, data);
  });
}
