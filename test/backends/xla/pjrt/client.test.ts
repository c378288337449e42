import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterEach, beforeAll, expect, it } from "vitest";
import {
  type DeviceBuffer,
  type ElementType,
  type PjrtClient,
  PjrtError,
  type Values,
} from "../../../../src/backends/xla/pjrt/index.ts";
import { cpuClient, describeXla } from "./plugin.ts";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

describeXla("the PJRT client", () => {
  let client: PjrtClient;
  beforeAll(() => {
    client = cpuClient();
  });
  afterEach(() => {
    expect([client.buffers, client.executables]).toEqual([0, 0]);
  });

  const add = (donate = "") => `module @add {
    func.func public @main(%a: tensor<2x3xf32>${donate}, %b: tensor<2x3xf32>) -> tensor<2x3xf32> {
      %0 = stablehlo.add %a, %b : tensor<2x3xf32>
      return %0 : tensor<2x3xf32>
    } }`;
  const values = (from: number) => Float32Array.from({ length: 6 }, (_, i) => from + i);

  it("says what it runs on", () => {
    expect(client.platform).toBe("cpu");
    expect(client.apiVersion).toMatch(/^0\.\d+$/);
    expect(client.version).not.toBe("");
    expect(client.devices.map(({ id, kind }) => [id, kind])).toEqual([
      [0, "cpu"],
      [1, "cpu"],
    ]);
    expect(client.attributes.stablehlo_current_version).toHaveLength(3);
  });

  it.each<[ElementType, Values]>([
    ["pred", Uint8Array.of(1, 0, 1, 1)],
    ["i8", Int8Array.of(-128, 127, 0, -1)],
    ["u8", Uint8Array.of(0, 255, 1, 128)],
    ["i16", Int16Array.of(-32768, 32767, 0, -1)],
    ["u16", Uint16Array.of(0, 65535, 1, 2)],
    ["i32", Int32Array.of(-(2 ** 31), 2 ** 31 - 1, 0, -1)],
    ["u32", Uint32Array.of(0, 2 ** 32 - 1, 1, 2)],
    ["i64", BigInt64Array.of(-(2n ** 63n), 2n ** 63n - 1n, 0n, -1n)],
    ["u64", BigUint64Array.of(0n, 2n ** 64n - 1n, 1n, 2n)],
    ["f16", Uint16Array.of(0x3c00, 0xc000, 0x7c00, 1)],
    ["bf16", Uint16Array.of(0x3f80, 0xc000, 0x7f80, 1)],
    ["f32", Float32Array.of(-0, 1.5, Number.NaN, 1e-45)],
    ["f64", Float64Array.of(-0, 1.5, Number.NEGATIVE_INFINITY, 5e-324)],
  ])("%s come back as they were", async (type, sent) => {
    for (const shape of [[4], [2, 1, 2]]) {
      const buffer = client.upload(sent, shape, type);
      expect(buffer.bytes).toBe(sent.byteLength);
      expect(await buffer.read()).toEqual(sent);
      expect(buffer.readSync()).toEqual(sent);
      buffer.destroy();
    }
  });

  it("scalars, nothing at all, and what is too large to be copied in the call come back", async () => {
    const large = Float32Array.from({ length: 300 * 1000 }, (_, i) => i);
    const buffers = [
      client.upload(Int32Array.of(7), [], "i32"),
      client.upload(new Float32Array(0), [2, 0, 3], "f32"),
      client.upload(large, [300, 1000], "f32"),
    ];
    const sent = Float32Array.from(large);
    large.fill(-1); // what was given is the caller's again at once
    const read = await Promise.all(buffers.map((b) => b.read()));
    expect(read).toEqual([Int32Array.of(7), new Float32Array(0), sent]);
    for (const b of buffers) b.destroy();
    expect(client.uploads).toBe(0);
  });

  it("refuses values that don't fit their shape or type", () => {
    expect(() => client.upload(new Float32Array(5), [2, 3], "f32")).toThrow(
      "upload of f32[2,3]: expected 6 values in a Float32Array, got 5 in a Float32Array",
    );
    expect(() => client.upload(new Float32Array(6), [2, 3], "bf16")).toThrow("in a Uint16Array");
  });

  it("runs a program, and gives results with their shapes before they are there", async () => {
    const executable = await client.compile(add());
    expect(executable.outputs).toEqual([{ shape: [2, 3], type: "f32" }]);
    const [a, b] = [client.upload(values(1), [2, 3], "f32"), client.upload(values(10), [2, 3], "f32")];
    const [[sum]] = executable.run([[a, b]]) as [[DeviceBuffer]];
    const [[late]] = (await executable.runAsync([[sum, b]])) as [[DeviceBuffer]];
    await late.ready();
    expect([sum.shape, sum.type]).toEqual([[2, 3], "f32"]);
    expect(await sum.read()).toEqual(Float32Array.of(11, 13, 15, 17, 19, 21));
    expect(late.readSync()).toEqual(Float32Array.of(21, 24, 27, 30, 33, 36));
    for (const buffer of [a, b, sum, late]) buffer.destroy();
    executable.destroy();
  });

  it("writes results over what was given away, unless it is told to keep it", async () => {
    const executable = client.compileSync(add(" {tf.aliasing_output = 0 : i32}"));
    expect(executable.memory).toMatchObject({ arguments: 48, outputs: 24, aliased: 24 });
    const [a, b] = [client.upload(values(1), [2, 3], "f32"), client.upload(values(10), [2, 3], "f32")];
    const kept = executable.run([[a, b]], { keep: [0] }).flat();
    expect(await a.read()).toEqual(values(1));
    expect(a.isGone).toBe(false);
    const over = executable.run([[a, b]]).flat();
    expect(a.isGone).toBe(true);
    await expect(a.read()).rejects.toThrow(/deleted or donated/);
    expect(over[0]!.readSync()).toEqual(kept[0]!.readSync());
    for (const buffer of [a, b, ...kept, ...over]) buffer.destroy();
    executable.destroy();
  });

  it("a buffer that is destroyed while a call takes it up lives until then", async () => {
    const executable = client.compileSync(add());
    const [a, b] = [client.upload(values(1), [2, 3], "f32"), client.upload(values(10), [2, 3], "f32")];
    const running = executable.runAsync([[a, b]]);
    a.destroy();
    b.destroy();
    expect(() => a.readSync()).toThrow("destroyed device buffer");
    const [[sum]] = (await running) as [[DeviceBuffer]];
    expect(await sum.read()).toEqual(Float32Array.of(11, 13, 15, 17, 19, 21));
    sum.destroy();
    executable.destroy();
  });

  it("keeps an executable as bytes, that another client call loads", async () => {
    const executable = client.compileSync(add());
    const loaded = client.load(executable.serialize());
    executable.destroy();
    const a = client.upload(values(1), [2, 3], "f32");
    const [[sum]] = loaded.run([[a, a]]) as [[DeviceBuffer]];
    expect(await sum.read()).toEqual(Float32Array.of(2, 4, 6, 8, 10, 12));
    sum.destroy();
    a.destroy();
    loaded.destroy();
    expect(() => client.load(Uint8Array.of(1, 2, 3))).toThrow(PjrtError);
  });

  it("runs a program on two devices, each on its part of an argument", async () => {
    const program = `module @sum attributes {mhlo.num_partitions = 2 : i32, mhlo.num_replicas = 1 : i32} {
      func.func public @main(%x: tensor<2x2xf32> {mhlo.sharding = "{devices=[2,1]<=[2]}"})
          -> (tensor<2xf32> {mhlo.sharding = "{replicated}"}, tensor<2x2xf32> {mhlo.sharding = "{devices=[2,1]<=[2]}"}) {
        %zero = stablehlo.constant dense<0.0> : tensor<f32>
        %s = stablehlo.reduce(%x init: %zero) applies stablehlo.add across dimensions = [0]
          : (tensor<2x2xf32>, tensor<f32>) -> tensor<2xf32>
        %t = stablehlo.add %x, %x : tensor<2x2xf32>
        return %s, %t : tensor<2xf32>, tensor<2x2xf32>
      } }`;
    const executable = await client.compile(program, { devices: [1, 0] });
    const rows = [1, 0].map((d) => [
      client.upload(Float32Array.of(1 + d, 10), [1, 2], "f32", client.devices[d]),
    ]);
    const results = await executable.runAsync(rows);
    expect(results.map(([sum]) => sum!.readSync())).toEqual([Float32Array.of(3, 20), Float32Array.of(3, 20)]);
    expect(results.map(([, twice]) => twice!.readSync())).toEqual([
      Float32Array.of(4, 20),
      Float32Array.of(2, 20),
    ]);
    const moved = results[0]![0]!.copyTo(client.devices[0]!);
    expect(await moved.read()).toEqual(Float32Array.of(3, 20));
    for (const buffer of [...rows, ...results, moved].flat()) buffer.destroy();
    executable.destroy();
  });

  it("says what the compiler made of a program", () => {
    const executable = client.compileSync(add());
    const { format, bytes } = executable.optimizedProgram();
    expect(format).toMatch(/^hlo/);
    expect(Buffer.from(bytes).toString("latin1")).toContain("add");
    executable.destroy();
  });

  it("tells a program that can't be compiled, with the plugin's words", async () => {
    const wrong = add().replace("%a, %b :", "%a, %c :");
    expect(() => client.compileSync(wrong)).toThrow(
      /^XLA: Client_Compile failed with \w+: .*use of undeclared SSA value/s,
    );
    const error = await client.compile("module { nonsense }").catch((e: unknown) => e);
    expect(error).toBeInstanceOf(PjrtError);
    expect(error).toMatchObject({ exitCode: 1, where: "Client_Compile" });
  });

  it("tells arguments that don't fit the program", () => {
    const executable = client.compileSync(add());
    const a = client.upload(new Float32Array(5), [5], "f32");
    expect(() => executable.run([[a]])).toThrow(PjrtError);
    expect(() => executable.run([[a, a]])).toThrow(/INVALID_ARGUMENT/);
    a.destroy();
    executable.destroy();
  });

  it("says how much memory was asked for where there is too little", async () => {
    const huge = `module @huge { func.func public @main() -> tensor<4398046511104xf32> {
      %0 = stablehlo.constant dense<1.0> : tensor<f32>
      %1 = stablehlo.broadcast_in_dim %0, dims = [] : (tensor<f32>) -> tensor<4398046511104xf32>
      return %1 : tensor<4398046511104xf32> } }`;
    const executable = client.compileSync(huge);
    const run = async () => {
      const [[result]] = executable.run([[]]) as [[DeviceBuffer]];
      try {
        await result.ready();
      } finally {
        result.destroy();
      }
    };
    await expect(run()).rejects.toThrow(
      /^The device's memory does not suffice: no room for 17592\.2 GB \(17592186044416 bytes\) more\./,
    );
    executable.destroy();
  });

  it("keeps no memory over 3,000 steps that donate, upload and read", async () => {
    const program = `module @step { func.func public @main(%a: tensor<20000xf32> {tf.aliasing_output = 0 : i32}, %b: tensor<20000xf32>)
      -> (tensor<20000xf32>, tensor<f32>) {
      %0 = stablehlo.add %a, %b : tensor<20000xf32>
      %z = stablehlo.constant dense<0.0> : tensor<f32>
      %1 = stablehlo.reduce(%b init: %z) applies stablehlo.add across dimensions = [0] : (tensor<20000xf32>, tensor<f32>) -> tensor<f32>
      return %0, %1 : tensor<20000xf32>, tensor<f32> } }`;
    const executable = client.compileSync(program);
    const batch = new Float32Array(20_000).fill(1);
    let state = client.upload(new Float32Array(20_000), [20_000], "f32");
    const steps = async (count: number) => {
      for (let k = 0; k < count; k++) {
        const input = client.upload(batch, [20_000], "f32");
        const [[next, loss]] = executable.run([[state, input]]) as [[DeviceBuffer, DeviceBuffer]];
        state.destroy();
        input.destroy();
        state = next;
        if (k % 10 === 0) await loss.read();
        loss.destroy();
      }
      await state.ready();
      collectGarbage(); // or V8's own is counted, which Node 24 keeps more of
      return process.memoryUsage().rss;
    };
    const before = await steps(1000);
    const after = await steps(2000);
    expect(client.uploads).toBeLessThan(5);
    expect((await state.read())[0]).toBe(3000);
    expect(after - before).toBeLessThan(60e6); // one of a step's buffers or uploads: 160 MB
    state.destroy();
    executable.destroy();
  });
});
