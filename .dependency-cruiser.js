/**
 * The order of src/ (docs/design.md, "Folders"), lowest first: a file imports what is below its line or of its own
 * folder, types too. A folder stands for all below it but what has a line of its own.
 */
export const ORDER = [
  ["concat.ts", "errors.ts", "tensor_methods.ts"],
  ["tf.ts", "tf.browser.ts"],
  ["process"],
  ["files"],
  ["text"],
  ["formats"],
  ["backends"],
  ["download"],
  ["hub"],
  ["one_of.ts", "rng.ts"],
  ["onnx"],
  ["data"],
  ["nn"],
  ["features"],
  ["models"],
  ["metrics"],
  ["loggers"],
  ["plugin_api.ts"],
  ["config"],
  ["samplers"],
  ["images"],
  ["explore"],
  ["experiment/runs"],
  ["experiment/training/loggers"],
  ["experiment/training"],
  ["experiment/timing"],
  ["experiment/trained"],
  ["experiment/evaluation"],
  ["publish"],
  ["browser"],
  ["experiment/sweep", "experiment/launch"],
  ["experiment/series", "setup", "ui"],
  ["api"],
  ["cli"],
  ["cli/commands"],
  ["cli/main.ts", "index.ts"],
];

const places = ORDER.flat();
const at = (place) => `^src/${place.replaceAll(".", "\\.")}${place.endsWith(".ts") ? "$" : "/"}`;
const inside = (place) => places.filter((other) => other.startsWith(`${place}/`)).map(at);

/** A file of `place` imports no file of a line above, nor of another place on its own line. */
const rules = ORDER.flatMap((line, floor) =>
  line.map((place) => {
    const others = [...line.filter((other) => other !== place), ...ORDER.slice(floor + 1).flat()];
    const pathNot = inside(place);
    return {
      name: `${place} is below that`,
      severity: "error",
      from: { path: at(place), ...(pathNot.length > 0 && { pathNot }) },
      to: { path: others.map(at), pathNot: at(place) },
    };
  }),
);

export default {
  forbidden: [
    { name: "no circles", severity: "error", from: {}, to: { circular: true } },
    {
      name: "every file has a place",
      severity: "error",
      from: { path: "^src/", pathNot: places.map(at) },
      to: {},
    },
    {
      name: "packages are in package.json",
      severity: "error",
      from: { path: "^src/" },
      to: {
        dependencyTypes: ["npm-no-pkg", "npm-unknown", "npm-dev"],
        pathNot: "/(tfjs-node-gpu|tfjs-backend-webgpu|@types/node|h5wasm)/",
      },
    },
    {
      name: "packages of the page, which holds them, are in package.json",
      severity: "error",
      from: { path: "^page/" },
      to: { dependencyTypes: ["npm-no-pkg", "npm-unknown"] },
    },
    { name: "src/ knows no page", severity: "error", from: { path: "^src/" }, to: { path: "^page/" } },
    {
      name: "the page has nothing of Node",
      severity: "error",
      from: { path: "^page/", pathNot: "vite\\.config\\.js$" },
      to: { dependencyTypes: ["core"] },
    },
    ...rules,
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    doNotFollow: { path: "node_modules" },
    exclude: { path: "^src/backends/wasm/kernels/" },
  },
};
