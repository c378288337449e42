import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { delimiter, dirname, join } from "node:path";
import { beforeAll, describe, expect, it, test } from "vitest";
import {
  findLibrary,
  libraryFolder,
  TENSORFLOW_VERSION,
  wholeLibrary,
} from "../../src/backends/tensorflow/library.ts";
import { libraryCheck } from "../../src/setup/doctor/tensorflow.ts";
import { allTests } from "../support/all_tests.ts";
import { leftovers, ownCache } from "../support/cache.ts";
import { type Ended, type VaeOptions, vae } from "../support/cli.ts";
import { oldPipPython, pipPython } from "../support/pip.ts";
import { LIBRARY, libraryBytes, WHEEL_NAME, type WheelSpec, wheel } from "../support/wheel.ts";
import { pipEnv, wheelServer } from "../support/wheel_server.ts";

// The command by the real pip, against an index on this computer.
ownCache();
let PATH: string;
let OLD_PATH: string;
beforeAll(() => {
  const before = (python: string) => `${dirname(python)}${delimiter}${process.env.PATH}`;
  [PATH, OLD_PATH] = [before(pipPython()), before(oldPipPython())];
}, 120_000);
const setup = (env: NodeJS.ProcessEnv, args: readonly string[] = [], options: VaeOptions = {}) =>
  vae(["setup", "tensorflow", ...args], { env: { PATH, ...env }, ...options });

function expectLibrary(spec: WheelSpec = {}): void {
  for (const [name, bytes] of Object.entries(libraryBytes(spec)))
    expect(readFileSync(join(libraryFolder(), name)).equals(bytes), name).toBe(true);
  expect(wholeLibrary(libraryFolder())).toBeDefined();
  expect(leftovers()).toEqual([]);
}
function expectSentence({ code, stderr }: Ended, message: RegExp): void {
  expect(stderr).toMatch(message);
  expect(stderr).not.toMatch(/^\s+at /m);
  expect(code).toBe(1);
  expect(leftovers()).toEqual([]);
}

test("the parts that are needed are read from the index's wheel, once, and again with --force", async () => {
  const server = await wheelServer(wheel({ bytes: 1_000_000 }));
  const ended = await setup(server.env);
  expect(ended).toMatchObject({ code: 0, stderr: "" });
  expect(ended.stdout).toMatch(
    /reading the parts that are needed\n[\s\S]*TensorFlow 2\.21\.0 in \S+ \(1 MB\) is set up, in/,
  );
  expectLibrary({ bytes: 1_000_000 });
  const asked = server.asked.length;
  expect(server.asked.every((range) => range.startsWith("bytes="))).toBe(true);

  const again = await setup(server.env);
  expect(again).toMatchObject({ code: 0, stderr: "" });
  expect(again.stdout).toMatch(
    /^TensorFlow 2\.21\.0 in \S+ \(1 MB\) is set up already; --force gets it again\.\n$/,
  );
  expect(server.asked).toHaveLength(asked);

  server.file = wheel({ bytes: 1_000_000, seed: 4 });
  const forced = await setup(server.env, ["--force"]);
  expect(forced).toMatchObject({ code: 0, stderr: "" });
  expectLibrary({ bytes: 1_000_000, seed: 4 });
});

describe("where parts can't be read, pip downloads the whole wheel", () => {
  it("from a server that gives no ranges", async () => {
    const server = await wheelServer(wheel(), { ranges: false });
    const ended = await setup(server.env);
    expect(ended).toMatchObject({ code: 0, stderr: "" });
    expect(ended.stdout).toMatch(
      /reading parts failed \(the server answered 200 .*\); pip downloads the whole/,
    );
    expectLibrary();
    expect(readdirSync(libraryFolder()).sort()).toEqual([...LIBRARY, "manifest.json"].sort());
  });

  it.runIf(allTests)("with a pip that would download it to tell where it is", async () => {
    const server = await wheelServer(wheel());
    const ended = await setup({ ...server.env, PATH: OLD_PATH });
    expect(ended).toMatchObject({ code: 0, stderr: "" });
    expect(ended.stdout).toMatch(/pip downloads tensorflow\S*==2\.21\.0 whole/);
    expect(server.asked).toEqual([""]);
    expectLibrary();
  });

  it("and is refused where its checksum is another", async () => {
    const server = await wheelServer(wheel(), { ranges: false, sha256: "0".repeat(64) });
    expectSentence(
      await setup(server.env),
      /pip can't get TensorFlow: the download is damaged, or a mirror .*Try again/,
    );
    expect(existsSync(libraryFolder())).toBe(false);
  });
});

describe("half a library is never found", () => {
  const spec = { bytes: 4_000_000 };

  it("after kill -9 in the middle of the download, and the next one cleans up", async () => {
    let kill = () => {};
    let pieces = 0;
    const sent = () => {
      if (++pieces === 120) kill(); // about 2 of 4 MB
    };
    const server = await wheelServer(wheel(spec), { sent, pause: 1 });
    const ended = await setup(server.env, [], {
      started: (child) => {
        kill = () => child.kill("SIGKILL");
      },
    });
    expect(ended.code).toBe(null);
    const [left, ...more] = leftovers();
    expect(left).toMatch(/^\.2\.21\.0\.\d+-/);
    expect(more).toEqual([]);
    expect(readdirSync(join(libraryFolder(), "..", left!))).toContain(LIBRARY[0]);
    expect([findLibrary(), wholeLibrary(libraryFolder())]).toEqual([undefined, undefined]);
    expect(libraryCheck()).toMatchObject({ state: "note", remedy: "npx vae setup tensorflow" });

    server.pause = 0;
    expect(await setup(server.env)).toMatchObject({ code: 0, stderr: "" });
    expectLibrary(spec);
  });

  it.runIf(allTests)("after Ctrl-C, which removes what was begun", async () => {
    let stop = () => {};
    let pieces = 0;
    const server = await wheelServer(wheel(spec), { pause: 1, sent: () => ++pieces === 100 && stop() });
    const ended = await setup(server.env, [], {
      started: (child) => {
        stop = () => child.kill("SIGINT");
      },
    });
    expect(ended).toMatchObject({ code: 130, stderr: "Stopped; what was begun is removed.\n" });
    expect([findLibrary(), leftovers()]).toEqual([undefined, []]);
  });
});

describe("what stands in the way is told with a remedy", () => {
  it("an index that can't be reached", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve)); // no one listens there now
    expectSentence(
      await setup(pipEnv(`http://127.0.0.1:${port}/simple`)),
      /pip can't get TensorFlow: .*--wheel FILE/,
    );
  });

  it("an index without TensorFlow", async () => {
    const server = await wheelServer(wheel());
    const env = { ...server.env, PIP_INDEX_URL: server.index.replace("simple", "empty") };
    expectSentence(
      await setup(env),
      /the package index has no TensorFlow for this computer: .*pip says: ERROR/s,
    );
  });

  it("no pip", async () => {
    const empty = mkdtempSync(join(process.env.TFJS_VAE_CACHE!, "path-"));
    expectSentence(
      await setup({ PATH: empty }),
      /pip, .* was not found\. Install Python 3 with pip .*--wheel FILE/,
    );
    rmSync(empty, { recursive: true });
  });

  it("a wheel that is not there", async () => {
    expectSentence(await setup({}, ["--wheel", "no.whl"]), /^no\.whl: no such file\.$/m);
  });

  it("options that exclude each other", async () => {
    const { code, stderr } = await setup({}, ["--gpu", "--python"]);
    expect([code, stderr]).toEqual([
      2,
      expect.stringMatching(/--wheel, --python and --gpu exclude each other/),
    ]);
  });

  it("a TensorFlow that another variable names, which is used all the same", async () => {
    const file = join(process.env.TFJS_VAE_CACHE!, WHEEL_NAME);
    writeFileSync(file, wheel());
    const { code, stdout } = await setup({ TFJS_VAE_TENSORFLOW: "/elsewhere" }, ["--wheel", file]);
    expect([code, stdout]).toEqual([
      0,
      expect.stringContaining("But TFJS_VAE_TENSORFLOW is set, so /elsewhere is used."),
    ]);
    expect(stdout).toContain(`TensorFlow ${TENSORFLOW_VERSION}`);
  });
});
