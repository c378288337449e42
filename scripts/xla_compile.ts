/**
 * Compiles a StableHLO program for an accelerator that need not be here, and says what became of it:
 * `npx tsx scripts/xla_compile.ts h100|tpu PLUGIN PROGRAM.mlir [--devices N] [--flag name=value]…`
 */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { bytesText } from "../src/text/numbers.ts";
import { compileAhead, h100, tpuV5e } from "./xla/compile_ahead.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    devices: { type: "string", default: "1" },
    flag: { type: "string", multiple: true, default: [] },
  },
});
const [device, plugin, file] = positionals;
const devices = Number(values.devices);
const target = device === "h100" ? h100(devices) : device === "tpu" ? tpuV5e : undefined;
if (target === undefined || plugin === undefined || file === undefined) {
  console.error("usage: xla_compile.ts h100|tpu PLUGIN PROGRAM.mlir [--devices N] [--flag name=value]…");
  process.exit(2);
}
const flags = Object.fromEntries(values.flag.map((text) => text.split("=", 2) as [string, string]));
const { seconds, memory, customCalls, opcodes, aliases, flops } = await compileAhead(
  plugin,
  target,
  readFileSync(file),
  { ...(devices > 1 && { devices: [...Array(devices).keys()] }), flags },
);
console.log(
  `compiled in ${seconds.toFixed(1)} s${flops === undefined ? "" : `, ${flops.toPrecision(3)} flops`}`,
);
for (const [name, bytes] of Object.entries(memory)) console.log(`memory ${name}: ${bytesText(bytes)}`);
console.log(`results written over parameters: ${aliases}`);
for (const [name, count] of Object.entries(customCalls)) console.log(`calls ${name}: ${count}`);
for (const name of ["convolution", "dot", "fusion", "all-reduce", "all-reduce-start"])
  if (opcodes[name]) console.log(`instructions ${name}: ${opcodes[name]}`);
process.exit(0); // libtpu's threads go on
