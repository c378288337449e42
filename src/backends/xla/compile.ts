import { concat } from "../../concat.ts";
import { bytesText } from "../../text/numbers.ts";
import type { Tensor, Variable } from "../../tf.ts";
import { tf } from "../../tf.ts";
import {
  type CompiledStep,
  type HostTensor,
  type Precision,
  type Recorded,
  type StepCompiler,
  Unrecordable,
} from "../compiler.ts";
import type { XlaBackend } from "./backend.ts";
import { DeviceGroup } from "./device_group.ts";
import { isOfTable } from "./device_tables.ts";
import { differenceOf } from "./difference.ts";
import { bytesOf, checkFits } from "./fits.ts";
import type { DeviceBuffer } from "./pjrt/index.ts";
import { FEW, hostValues } from "./runtime.ts";
import { convert, toFloat } from "./stablehlo/elementwise.ts";
import { emitModule, type Module } from "./stablehlo/emit.ts";
import { gather } from "./stablehlo/gather.ts";
import { concatenate, reshape } from "./stablehlo/shape.ts";
import { type HostType, type HostValues, type Shape, sizeOf } from "./stablehlo/types.ts";
import { Value } from "./stablehlo/value.ts";

export interface CompilerOptions {
  /** Takes a sentence for the user. */
  say?(text: string): void;
  /** Is given the text of each step before it is compiled. */
  onStep?(text: string): void;
  /** Whether convolutions take filters with their last axis first; default: as the platform's do. */
  readonly filtersFirst?: boolean;
}

interface How extends Pick<CompilerOptions, "filtersFirst"> {
  readonly precision: Precision;
  readonly group: DeviceGroup;
}

/** One traced run of a step. */
interface Trace {
  /** Values of the variables before it and after it. */
  readonly before: readonly Value[];
  readonly after: readonly Value[];
  readonly inputs: readonly Value[];
  readonly results: readonly Value[];
  /** Why it can't be compiled. */
  readonly problem: string | undefined;
}

/** A step's program and what it is called with. */
interface Program {
  readonly module: Module;
  /** The variables that it changes, whose memory their new values take. */
  readonly changed: readonly number[];
  /** Inputs with a buffer of their own, each of them in parts where it can be cut, and those that are packed. */
  readonly large: readonly number[];
  readonly small: readonly number[];
  /** Values from outside: a frozen network's weights, or what is computed of them once. */
  readonly captures: readonly Value[];
}

/** Steps as executables: they are traced, which computes nothing, and equal text is the same step. */
export function stepCompiler(backend: XlaBackend, options: CompilerOptions = {}): StepCompiler {
  return {
    record(variables, body): Recorded {
      const { results, trace } = traceStep(backend, variables, body);
      return { results, recording: trace };
    },

    async compile(variables, first, second, precision, devices = 1): Promise<CompiledStep> {
      const traces = [first.recording as Trace, second.recording as Trace] as const;
      const group = new DeviceGroup(backend.runtime, devices);
      try {
        const program = programOf(backend, traces, { ...options, precision, group });
        return await compiled(backend, variables, program, traces[1], group, options);
      } finally {
        for (const t of traces)
          for (const v of [...t.before, ...t.after, ...t.inputs, ...t.results]) v.release();
      }
    },
  };
}

function traceStep(
  backend: XlaBackend,
  variables: readonly Variable[],
  body: Parameters<StepCompiler["record"]>[1],
): { results: Tensor[]; trace: Trace } {
  backend.settle(); // what is pending is no part of the step
  const before = ownValues(backend, variables).map((value) => value.retain());
  const inputs: Value[] = [];
  let problem: string | undefined;
  const fail = (why: string) => {
    problem ??= why;
  };
  for (const value of before) value.input = true;
  backend.tracer = {
    read: () => fail("it reads the values of a tensor (dataSync) while it computes"),
    missing: (kernel) => fail(`it runs ${kernel}, which has no form for XLA here`),
  };
  try {
    const results = body({
      fail,
      input(tensor, values) {
        const value = (
          values === undefined ? backend.value(tensor) : coded(backend, tensor, values)
        ).retain();
        value.input = true;
        inputs.push(value);
      },
    });
    const made = results.map((tensor) => backend.value(tensor).retain());
    const after = variables.map((variable) => backend.value(variable).retain());
    return { results, trace: { before, after, inputs, results: made, problem } };
  } finally {
    backend.tracer = undefined;
    for (const value of [...before, ...inputs]) value.input = false;
    variables.forEach((variable, i) => {
      assign(backend, variable, before[i]!);
    });
  }
}

/** The codes that a tensor is given as from here on; it is what they stand for. */
function coded(backend: XlaBackend, tensor: Tensor, values: Float32Array): Value {
  const codes = new Value(tensor.shape, "uint8", { host: new Uint8Array() });
  const table = new Value([values.length], "float32", { host: values });
  backend.replace(tensor.dataId, gather(table, convert(codes, "int32"), 0));
  return codes;
}

/** @throws Unrecordable where the two traces differ in more than their inputs */
function programOf(backend: XlaBackend, traces: readonly [Trace, Trace], how: How): Program {
  for (const { problem } of traces) if (problem !== undefined) throw new Unrecordable(problem);
  const [a, b] = traces.map((trace) => emitStep(backend, trace, how)) as [Program, Program];
  const difference = differenceOf(a.module.text, b.module.text) ?? otherCaptures(a.captures, b.captures);
  for (const { captures } of difference === undefined ? [a] : [a, b]) for (const v of captures) v.release();
  if (difference !== undefined) throw new Unrecordable(difference);
  return b;
}

function emitStep(
  backend: XlaBackend,
  { before, after, inputs, results }: Trace,
  { precision, filtersFirst, group }: How,
): Program {
  const changed = after.flatMap((value, i) => (value === before[i] ? [] : [i]));
  const isSmall = (value: Value) => value.type === "float32" && sizeOf(value.shape) <= FEW;
  const numbers = inputs.map((_, i) => i);
  const large = numbers.filter((i) => !isSmall(inputs[i]!));
  const small = numbers.filter((i) => isSmall(inputs[i]!));
  const outcomes = concatenate(
    results.map((value) => reshape(toFloat(value), [1])),
    0,
  );
  const given = large.map((i) => inputs[i]!);
  const parameters = [...before, ...given];
  const module = emitModule([outcomes, ...changed.map((i) => after[i]!)], {
    parameters,
    packed: small.map((i) => inputs[i]!),
    leaf: (value) => (value.host !== undefined && value.host.length <= FEW ? "constant" : "parameter"),
    donate: new Map(changed.map((i, place) => [i, place + 1])),
    precision: precision === "highest" ? "HIGHEST" : backend.runtime.precision,
    bfloat16: precision === "bfloat16",
    hold: filtersFirst ? "filters first" : "as it is",
    devices: group.devices.length,
    split: new Set(given.filter(({ shape }) => group.cuts(shape))),
  });
  const captures = module.parameters.slice(parameters.length).map((value) => value.retain());
  return { module, changed, large, small, captures };
}

/** Tensors from outside are the same ones, were made anew with the same values, or computed of such in the same way. */
function otherCaptures(a: readonly Value[], b: readonly Value[]): string | undefined {
  const same = (x: Value, y: Value) => x === y || equal(x.host, y.host);
  const [first, second] = [a, b].map((captures) =>
    emitModule(captures, { leaf: () => "parameter", precision: "HIGHEST" }),
  ) as [Module, Module];
  const isSame =
    first.text === second.text && first.parameters.every((value, i) => same(value, second.parameters[i]!));
  return isSame ? undefined : "it takes other tensors from step to step";
}

const equal = (a: HostValues | undefined, b: HostValues | undefined): boolean =>
  a !== undefined && b !== undefined && a.every((value, i) => Object.is(value, b[i]));

async function compiled(
  backend: XlaBackend,
  variables: readonly Variable[],
  program: Program,
  trace: Trace,
  group: DeviceGroup,
  { say, onStep }: CompilerOptions,
): Promise<CompiledStep> {
  const { runtime, tables } = backend;
  const { module, changed } = program;
  onStep?.(module.text);
  const ids = group.devices.map(({ id }) => id);
  const compileOptions = { ...runtime.options, ...(ids.length > 1 && { devices: ids }) };
  const { executable, seconds } = await runtime.executables.holdAsync(module.text, compileOptions);
  const bytes = bytesOf(executable);
  checkFits(bytes, runtime.client.devices[0]?.memoryStats());
  if (seconds !== undefined) {
    const needs =
      bytes === undefined
        ? ""
        : `; it takes ${bytesText(bytes)} of ${ids.length > 1 ? "each" : "the"} device's memory`;
    say?.(`note   the training step was compiled in ${seconds.toFixed(1)} s${needs}`);
  }
  runtime.compute(program.captures.filter((value) => value.operation !== undefined));
  const captures = program.captures.map((value) => group.place(value));
  const expected = trace.inputs.map(({ shape, type }) => ({ shape, type: type as HostType }));
  return {
    syncVariables() {}, // the variables are readable at any time
    async run(given) {
      check(given, expected);
      const values = ownValues(backend, variables);
      if (values.some((value) => value.buffer === undefined && hostValues(value) === undefined))
        backend.settle();
      const uploaded = program.large.map((i) => {
        const { shape, type } = expected[i]!;
        const tensor = given[i]!;
        if (isOfTable(tensor) && ids.length === 1) return [tables.take(tensor, shape, bytes ?? 0)];
        const numbers = type === "uint8" ? tensor.coded!.codes : tensor.values;
        return group.cuts(shape) ? group.split(numbers, shape, type) : group.upload(numbers, shape, type);
      });
      if (program.small.length > 0) {
        const all = concat(program.small.map((i) => given[i]!.values));
        uploaded.push(group.upload(all, [all.length], "float32"));
      }
      const args = [
        ...values.map((value) => group.place(value)),
        ...uploaded.slice(0, program.large.length),
        ...captures,
        ...uploaded.slice(program.large.length),
      ];
      const keep = changed.filter((i) => values[i]!.shared);
      let made: DeviceBuffer[][];
      try {
        made = executable.run(
          ids.map((_, device) => args.map((buffers) => buffers[device]!)),
          { keep },
        );
      } finally {
        for (const buffer of uploaded.flat()) buffer.destroy();
      }
      changed.forEach((i, place) => {
        const { shape, type } = values[i]!;
        const next = new Value(shape, type, { buffers: made.map((row) => row[place + 1]!) });
        assign(backend, variables[i]!, next);
      });
      const outcomes = made.map(([first]) => first!);
      try {
        return Array.from((await outcomes[0]!.read()) as Float32Array, (value) => Float32Array.of(value));
      } finally {
        for (const buffer of outcomes) buffer.destroy();
      }
    },
  };
}

function check(given: readonly HostTensor[], expected: readonly { shape: Shape; type: HostType }[]): void {
  expected.forEach(({ shape, type }, i) => {
    if (String(given[i]?.shape) !== String(shape))
      throw new Error(`input ${i} of the step: expected [${shape}], got [${given[i]?.shape}]`);
    if (type === "uint8" && given[i]?.coded === undefined)
      throw new Error(`input ${i} of the step: expected codes, got values`);
  });
}

/** The values of variables, each its own: of two that share one, a trace could not tell which of them is read. */
function ownValues(backend: XlaBackend, variables: readonly Variable[]): Value[] {
  const seen = new Set<Value>();
  return variables.map((variable) => {
    let value = backend.value(variable);
    if (seen.has(value)) {
      const copy = new Value(value.shape, value.type, { host: variable.dataSync() as HostValues });
      assign(backend, variable, copy);
      value = copy;
    }
    seen.add(value);
    return value;
  });
}

/** Makes `value` a variable's, and no other tensor's. */
function assign(backend: XlaBackend, variable: Variable, value: Value): void {
  if (backend.value(variable) === value) return;
  if (backend.refCount(variable.dataId) === 1) {
    backend.replace(variable.dataId, value);
    return;
  }
  const tensor = tf.engine().makeTensorFromTensorInfo(backend.output(value), backend);
  variable.assign(tensor);
  tensor.dispose();
}
