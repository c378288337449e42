import { execFileSync, spawn } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

// The projects of examples/ as their readers have them: the packed package installed by npm and by other package managers, types
// checked, run.
//   npx tsx scripts/examples.ts tfjs-vae-0.1.0.tgz [npm] [pnpm] [yarn]

const root = fileURLToPath(new URL("../", import.meta.url));
const [tarball = "", ...named] = process.argv.slice(2);
const STEPS = "20";

/** How each package manager installs the package of a folder, itself fetched by npm. */
const MANAGERS: Readonly<Record<string, readonly string[]>> = {
  npm: ["npm", "install", "--no-audit", "--no-fund"],
  pnpm: ["npx", "--yes", "pnpm@10", "install"],
  yarn: ["npx", "--yes", "--package=@yarnpkg/cli-dist@4", "yarn", "install"],
};

const check = (fact: boolean, what: string): void => {
  if (!fact) throw new Error(`examples: expected ${what}`);
  console.log(`ok   ${what}`);
};

const PNG = Buffer.from([0x89, 0x50, 0x4e, 0x47]);
const isPng = (bytes: Uint8Array): boolean => PNG.equals(bytes.subarray(0, 4));

function run(cwd: string, [command, ...args]: readonly string[]): string {
  return execFileSync(command!, args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
}

/** What tsc says of a project; "" where nothing is wrong. */
function types(cwd: string, ...options: string[]): string {
  try {
    return run(cwd, ["node", "node_modules/typescript/bin/tsc", ...options]);
  } catch (error) {
    return String((error as { stdout?: string }).stdout);
  }
}

/** An example's project with the package installed, in a folder of its own. */
function installed(example: string, manager: string, at: string): string {
  const folder = join(at, example);
  cpSync(join(root, "examples", example), folder, { recursive: true });
  const file = join(folder, "package.json");
  const about = JSON.parse(readFileSync(file, "utf8"));
  about.dependencies["tfjs-vae"] = `file:${resolve(tarball)}`;
  writeFileSync(file, JSON.stringify(about));
  if (manager === "yarn") {
    writeFileSync(
      join(folder, ".yarnrc.yml"),
      "nodeLinker: node-modules\nenableTelemetry: false\nenableImmutableInstalls: false\n",
    );
    writeFileSync(join(folder, "yarn.lock"), ""); // a project of its own, whatever is above it; CI wouldn't let yarn fill it
  }
  const began = performance.now();
  run(folder, MANAGERS[manager]!);
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  const size = run(folder, ["du", "-smL", "node_modules/tfjs-vae"]).split("\t")[0];
  console.log(`${manager}: ${example} installed in ${seconds} s; tfjs-vae itself ${size} MB`);
  return folder;
}

function checkTypes(folder: string): void {
  check(types(folder) === "", "no fault in the types");
  const said = types(folder, "--skipLibCheck", "false");
  const others = said.split("\n").filter((line) => /error TS/.test(line) && !/@tensorflow\//.test(line));
  check(
    others.join("\n") === "",
    `no fault in the package's own types without skipLibCheck${others.join("\n")}`,
  );
  const wrong = join(folder, "wrong.ts");
  writeFileSync(
    wrong,
    `import { defineConfig } from "tfjs-vae";\ndefineConfig({ model: "VanillaVAE", model_params: { latent_dimm: 4 } });\n`,
  );
  check(types(folder).includes("Did you mean to write 'latent_dim'?"), "a misspelled key is a type error");
  rmSync(wrong);
}

/** Trains examples/own_vae; gives its folder and its run's. */
function ownVae(manager: string, at: string): { readonly folder: string; readonly run: string } {
  const folder = installed("own_vae", manager, at);
  checkTypes(folder);
  const said = run(folder, ["npm", "start", "--silent", "--", STEPS]);
  check(/version_0: mean squared error \d/.test(said), "what it prints alone, and a number");
  check(isPng(readFileSync(join(folder, "reconstructions.png"))), "a picture of reconstructions");
  const traversals = [
    "npx",
    "vae",
    "traverse",
    "logs/SparseVAE/version_0",
    "--images",
    "16",
    "--out",
    "t.png",
  ];
  run(folder, traversals);
  check(statSync(join(folder, "t.png")).size > 0, "that the commands know the variant and the data");
  return { folder, run: join(folder, "logs/SparseVAE/version_0") };
}

async function sampleServer(manager: string, at: string, trained: string): Promise<void> {
  const folder = installed("sample_server", manager, at);
  check(types(folder) === "", "no fault in the types");
  const server = spawn("node", ["node_modules/tsx/dist/cli.mjs", "server.ts", trained, "0"], { cwd: folder });
  const ended = new Promise((done) => server.on("close", done));
  server.stderr.pipe(process.stderr);
  try {
    const address = await new Promise<string>((found, failed) => {
      server.stdout.on("data", (text: Buffer) => found(text.toString().trim()));
      void ended.then(() => failed(new Error("the server ended")));
    });
    const get = async (query: string) => {
      const answer = await fetch(address + query);
      return { status: answer.status, bytes: new Uint8Array(await answer.arrayBuffer()) };
    };
    const [one, again, other] = [
      await get("?count=4&seed=3"),
      await get("?count=4&seed=3"),
      await get("?count=4&seed=4"),
    ];
    check(one.status === 200 && isPng(one.bytes), "samples as PNG");
    check(Buffer.from(one.bytes).equals(again.bytes), "the same of the same seed");
    check(!Buffer.from(one.bytes).equals(other.bytes), "others of another");
    check((await get("?count=0")).status === 400, "a refusal of no images");
    check((await get("/other")).status === 404, "nothing at another path");
  } finally {
    server.kill("SIGINT");
    await ended;
  }
}

/** Runs the first TypeScript of a page as it stands, where the package is installed. */
function pageRuns(page: string, folder: string): void {
  const [, code] = /^```ts\n(.*?)^```$/ms.exec(readFileSync(join(root, page), "utf8")) ?? [];
  writeFileSync(join(folder, "page.ts"), code!);
  run(folder, ["npx", "tsx", "page.ts"]);
  check(
    types(folder) === "" && isPng(readFileSync(join(folder, "samples.png"))),
    `that the code of ${page} runs`,
  );
  rmSync(join(folder, "samples.png"));
  rmSync(join(folder, "page.ts"));
}

for (const manager of named.length > 0 ? named : ["npm"]) {
  const at = mkdtempSync(join(tmpdir(), `tfjs-vae-${manager}-`));
  try {
    const { folder, run: trained } = ownVae(manager, at);
    if (manager !== "npm") continue;
    await sampleServer(manager, at, trained);
    for (const page of ["README.md", "docs/api.md"]) pageRuns(page, folder);
  } finally {
    rmSync(at, { recursive: true, force: true });
  }
}
