import { beforeAll, expect, it } from "vitest";
import { RowTable } from "../../../src/backends/compiler.ts";
import { useBackend } from "../../../src/backends/use_backend.ts";
import { DeviceTables } from "../../../src/backends/xla/device_tables.ts";
import { registerXla, type Xla } from "../../../src/backends/xla/register.ts";
import type { HostBatch } from "../../../src/data/loader.ts";
import { PrecomputeCache } from "../../../src/experiment/training/precompute_cache.ts";
import { compileQuickly } from "../../support/backends.ts";
import { host } from "../../support/steps.ts";
import { describeXla } from "./pjrt/plugin.ts";
import { rateAt, smallModel, stepperOf } from "./training.ts";

let xla: Xla;
compileQuickly();

describeXla("rows that a device keeps", () => {
  beforeAll(() => {
    xla = registerXla({ platform: "cpu", say: () => {} });
  });

  it("are uploaded once, and gathered from then on in any order", () => {
    const tables = new DeviceTables(xla.backend.runtime);
    const table = new RowTable(5);
    const row = (i: number) => [i + 0.5, -i];
    let uploads = 0;
    const take = (...indices: number[]) => {
      const tensor = {
        rows: { table, indices },
        get values() {
          uploads++;
          return Float32Array.from(indices.flatMap(row));
        },
      };
      const buffer = tables.take(tensor, [indices.length, 2], 0);
      const read = [...(buffer.readSync() as Float32Array)];
      buffer.destroy();
      expect(read).toEqual(indices.flatMap(row));
    };
    const before = xla.client.buffers;
    take(3, 1);
    take(1, 3);
    take(1);
    expect(uploads).toBe(1);
    take(0, 3, 4);
    take(4, 0, 1);
    expect(uploads).toBe(2);
    take(2);
    take(4, 3, 2, 1, 0);
    expect(uploads).toBe(3);
    expect(xla.client.buffers).toBe(before + 1);
    table.close();
    expect(xla.client.buffers).toBe(before);
  });

  it("of a feature cache give the bits that uploaded features give", async () => {
    await useBackend("xla:cpu");
    const epochs = async (isKept: boolean) => {
      const vae = await smallModel("DFCVAE");
      const cache = new PrecomputeCache(
        vae,
        { kind: "memory", images: 12, limit: 1e9, folder: "" },
        () => {},
      );
      const stepper = stepperOf(vae, "DFCVAE", { compiler: xla.compiler });
      const metrics = [];
      for (let step = 0; step < 9; step++) {
        const numbers = host(step % 3);
        const batch: HostBatch = {
          ...numbers,
          indices: Int32Array.from([0, 1, 2, 3], (i) => 4 * (step % 3) + i),
        };
        const { precomputed, ...completed } = await cache.complete(batch);
        const parts = Object.entries(precomputed!).map(([name, part]) => {
          const { rows, ...plain } = part;
          if (!isKept) return [name, { ...plain, values: part.values }] as const;
          if (step < 4) return [name, part] as const;
          const missing = () => {
            throw new Error("made again, though the device has them");
          };
          return [
            name,
            Object.defineProperty({ ...plain, rows: rows! }, "values", { get: missing }),
          ] as const;
        });
        metrics.push(
          await stepper.run({ ...completed, precomputed: Object.fromEntries(parts) }, step, rateAt(step)),
        );
      }
      expect(stepper.compiled).toBe(true);
      const before = xla.client.buffers;
      await cache.close();
      if (isKept) expect(xla.client.buffers).toBeLessThan(before);
      return metrics;
    };
    expect(await epochs(true)).toEqual(await epochs(false));
  });
});
