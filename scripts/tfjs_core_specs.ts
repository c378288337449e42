/**
 * Runs the specs that tfjs-core ships with its package on one of the project's backends.
 *
 *   npm run test:tfjs-core -- --backend tensorflow [--grep TEXT]
 *   npm run test:tfjs-core -- --backend xla:cpu --compiled
 *
 * xla leaves kernels on few values to JavaScript, which most specs have; `--compiled` leaves it none of them.
 *
 * Prints the specs that fail, those that pass although they are listed in tfjs_core_specs/exclusions.ts, and
 * last `N passed, N failed, N skipped`; skipped are the excluded ones and those that a spec file itself holds
 * back. Exit code 1 where a spec fails that is not listed.
 */
import { parseArgs } from "node:util";
import { useBackend } from "../src/backends/use_backend.ts";
import type { XlaPlatform } from "../src/backends/xla/plugins/index.ts";
import { registerXla } from "../src/backends/xla/register.ts";
import { UserError } from "../src/errors.ts";
import { loadSpecs } from "./tfjs_core_specs/bundle.ts";
import { EXCLUSIONS } from "./tfjs_core_specs/exclusions.ts";
import { bootJasmine } from "./tfjs_core_specs/jasmine.ts";
import { Tally } from "./tfjs_core_specs/tally.ts";

const { values: args } = parseArgs({
  options: {
    backend: { type: "string", default: "tensorflow" },
    grep: { type: "string", default: "" },
    compiled: { type: "boolean", default: false },
  },
});

const jasmine = bootJasmine();
const [known, platform] = args.backend.split(":") as [string, XlaPlatform?];
const xla = args.compiled && known === "xla" ? registerXla({ platform, small: 0, say: () => {} }) : undefined;
const { name, version, device } = await useBackend(args.backend).catch((error: Error) => {
  if (!(error instanceof UserError)) throw error;
  console.error(error.message);
  process.exit(error.exitCode);
});
console.log(`tfjs-core's specs on ${name} ${version}, ${device}`);

const { log, warn } = console;
console.log = console.warn = () => {}; // what tfjs and its specs print
const specs = await loadSpecs();
specs.setTestEnvs([{ name, backendName: name, flags: {}, isDataSync: true }]);
specs.declareSpecs();
const shortName = (fullName: string) => fullName.replace(` ${name} {}`, "");
const tally = new Tally(EXCLUSIONS[name] ?? []);
jasmine.configure({ random: false, specFilter: (spec) => shortName(spec.getFullName()).includes(args.grep) });
jasmine.addReporter({
  specDone: ({ fullName, status, failedExpectations }) => {
    if (status !== "excluded") tally.add(shortName(fullName), status, failedExpectations);
  },
});
await jasmine.execute();
Object.assign(console, { log, warn });

if (xla !== undefined) {
  const inJavaScript = [...xla.backend.fallbacks.keys()].sort();
  console.log(
    `${xla.backend.runtime.executables.compiled} programs; without one: ${inJavaScript.join(", ")}`,
  );
}
console.log(tally.report(args.grep === "").join("\n"));
process.exit(tally.failed === 0 ? 0 : 1); // specs leave timers behind
