import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import type { RunDetail, RunList } from "../../src/ui/api.ts";
import type { Ui } from "../../src/ui/server.ts";
import { folder } from "../support/configs.ts";
import { makeRun } from "../support/made_runs.ts";
import { ask, getJson, serve } from "../support/ui.ts";

const SECRET = "the secret of another folder";
const HOSTILE = `<img src=x onerror="alert(1)">%2e%2e&run=x#?'; "`;

let root: string;
let outside: string;
let ui: Ui;

beforeAll(async () => {
  const place = folder({ "secret.txt": SECRET, "runs/.keep": "" });
  root = join(place, "runs");
  outside = join(place, "secret.txt");
  makeRun(join(root, "A/version_0"), { rows: 3 });
  makeRun(join(root, HOSTILE, "version_0"), { rows: 3 });
  ui = await serve(root);
});

const picture = (run: string, kind: string, name: string) =>
  `/api/picture?${new URLSearchParams({ run, kind, name })}`;

describe("no file outside the folder can be had", () => {
  it.each([
    "/../secret.txt",
    "/%2e%2e/secret.txt",
    "/..%2fsecret.txt",
    "/assets/../../secret.txt",
    "/%00",
    "//etc/passwd",
    "/etc/passwd",
    "/.%2e/%2e./secret.txt",
    "/api/run?id=..",
    "/api/run?id=../runs/A/version_0",
    "/api/run?id=A/version_0/../version_0",
    "/api/run?id=/etc",
    "/api/run?id=A/version_0%00",
    "/api/series?run=..%2F..&term=train/total",
  ])("%s is not there", async (path) => {
    const { status, text } = await ask(ui, path);
    expect(status).toBe(404);
    expect(text).not.toContain(SECRET);
    expect(text).not.toContain("root:");
  });

  it.each([
    ["Samples", "../../../secret.txt"],
    ["Samples", "/etc/passwd"],
    ["Samples", "epoch_0001.png/../../config.yaml"],
    ["Samples", "epoch_0001.png\0.txt"],
    ["Samples", "config.yaml"],
    ["..", "epoch_0001.png"],
    ["checkpoints", "epoch_0001.png"],
    ["__proto__", "epoch_0001.png"],
  ])("picture %s/%s is not there", async (kind, name) => {
    expect((await ask(ui, picture("A/version_0", kind, name))).status).toBe(404);
  });

  it("links that lead out of the folder are not followed, links within it are", async () => {
    const run = join(root, "Links/version_0");
    makeRun(run, { rows: 3 });
    mkdirSync(join(run, "Samples"));
    symlinkSync(outside, join(run, "Samples/epoch_0001.png"));
    writeFileSync(join(run, "Samples/kept"), "a picture");
    symlinkSync("kept", join(run, "Samples/epoch_0002.png"));
    symlinkSync(outside, join(run, "environment.json"));
    rmSync(join(run, "config.yaml"));
    symlinkSync(outside, join(run, "config.yaml"));
    rmSync(join(run, "metrics.csv"));
    symlinkSync(outside, join(run, "metrics.csv"));
    symlinkSync(outside, join(run, "config_until_2.yaml"));
    const list = await getJson<RunList>(ui, "/api/runs");
    const found = list.runs.find(({ id }) => id === "Links/version_0")!;
    expect([found.settings, found.terms, found.step]).toEqual([{}, [], 0]);
    const detail = await ask(ui, "/api/run?id=Links/version_0");
    expect(detail.text).not.toContain(SECRET);
    expect((JSON.parse(detail.text) as RunDetail).config).toBeUndefined();
    expect((await ask(ui, picture("Links/version_0", "Samples", "epoch_0001.png"))).status).toBe(404);
    const within = await ask(ui, picture("Links/version_0", "Samples", "epoch_0002.png"));
    expect([within.status, within.text]).toEqual([200, "a picture"]);
  });

  it("a folder of runs that is a link within the folder is no run of it", async () => {
    const away = folder({ "version_9/.keep": "" });
    makeRun(join(away, "version_9"), { rows: 3 });
    symlinkSync(away, join(root, "Away"));
    const { runs } = await getJson<RunList>(ui, "/api/runs");
    expect(runs.map(({ id }) => id)).not.toContain("Away/version_9");
  });

  it.skipIf(process.platform === "win32")("a pipe in place of a file holds nobody up", async () => {
    const run = join(root, "Pipes/version_0");
    makeRun(run, { rows: 0 });
    for (const name of [
      "metrics.csv",
      "run.lock",
      "environment.json",
      "checkpoints/last.safetensors",
      "config_until_2.yaml",
    ])
      execFileSync("mkfifo", [join(run, name)]);
    mkdirSync(join(run, "Samples"));
    execFileSync("mkfifo", [join(run, "Samples/epoch_0001.png")]);
    const { runs } = await getJson<RunList>(ui, "/api/runs");
    expect(runs.map(({ id }) => id)).toContain("Pipes/version_0");
    expect((await getJson<RunDetail>(ui, "/api/run?id=Pipes/version_0")).environment).toBeUndefined();
    expect((await ask(ui, picture("Pipes/version_0", "Samples", "epoch_0001.png"))).status).toBe(404);
  });
});

describe("another site", () => {
  it.each([
    ["a foreign Host, as DNS rebinding has it", { Host: "evil.example" }, 421],
    ["a Host that begins like ours", { Host: "localhost.evil.example" }, 421],
    ["the address of another machine in Host", { Host: "192.168.1.5:6180" }, 421],
    ["a foreign Origin", { Origin: "https://evil.example" }, 403],
    ["the Origin of a file", { Origin: "null" }, 403],
    ["another port of this machine", { Origin: "http://127.0.0.1:1" }, 403],
    ["a request from another site", { "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors" }, 403],
    ["a request from another port", { "Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors" }, 403],
  ] as const)("%s is refused", async (_, headers, expected) => {
    const { status, text } = await ask(ui, "/api/runs", { headers });
    expect(status).toBe(expected);
    expect(text).not.toContain("version_0");
  });

  it("our own page, and a tunnel from another port, are served", async () => {
    const { host } = new URL(ui.url);
    for (const headers of [
      { Origin: `http://${host}`, "Sec-Fetch-Site": "same-origin" },
      { Host: "localhost:7777", Origin: "http://localhost:7777" },
    ])
      expect((await ask(ui, "/api/runs", { headers })).status).toBe(200);
  });

  it("may link to the page", async () => {
    const headers = { "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate" };
    expect((await ask(ui, "/", { headers })).status).toBe(200);
    expect((await ask(ui, "/api/runs", { headers })).status).toBe(403);
  });
});

it.each(["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])(
  "%s is refused: nothing can be changed",
  async (method) => {
    for (const path of ["/", "/api/runs", "/api/run?id=A/version_0"]) {
      const { status, headers } = await ask(ui, path, { method });
      expect([status, headers.allow]).toEqual([405, "GET, HEAD"]);
    }
  },
);

it.each(["/", "/api/runs", "/nothing"])("%s has the headers that isolate the page", async (path) => {
  const { headers } = await ask(ui, path);
  expect(headers).toMatchObject({
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-embedder-policy": "require-corp",
    "cross-origin-resource-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
  });
  expect(headers["content-security-policy"]).toMatch(
    /^default-src 'self'; script-src 'self' 'wasm-unsafe-eval';/,
  );
  expect(headers["content-security-policy"]).not.toMatch(/unsafe-inline|'unsafe-eval'|https?:|\*/);
});

it("a run with a hostile name is served under it", async () => {
  const id = `${HOSTILE}/version_0`;
  const { runs } = await getJson<RunList>(ui, "/api/runs");
  expect(runs.map((run) => run.id)).toContain(id);
  const detail = await getJson<RunDetail>(ui, `/api/run?${new URLSearchParams({ id })}`);
  expect(detail.commands[0]!.line).toContain(`'"'`.slice(0, 1)); // quoted for a shell
});

it.each([
  ["/api/series?run=A/version_0&term=x&points=1e9", "points: expected a number from 10 to 20000"],
  ["/api/series?run=A/version_0&term=x&smooth=1", "smooth: expected a number from 0 to 0.9999"],
  ["/api/series?run=A/version_0&term=x&x=y", "x: expected step, epoch or time"],
  [`/api/series?${"run=A/version_0&".repeat(101)}term=x`, "Expected at most 100 runs, got 101"],
])("%s is refused by a sentence", async (path, said) => {
  const { status, text } = await ask(ui, path);
  expect(status).toBe(400);
  expect((JSON.parse(text) as { error: string }).error).toContain(said);
});

describe("beyond this machine", () => {
  let open: Ui;
  let token: string;
  beforeAll(async () => {
    open = await serve(root, "0.0.0.0");
    token = new URL(open.url).searchParams.get("token")!;
  });

  it("the address has a token of 128 bits", () => expect(token).toMatch(/^[0-9a-f]{32}$/));

  it.each([
    "/",
    "/api/runs",
    "/api/events",
    "/nothing",
    "/api/runs?token=",
    `/api/runs?token=${"0".repeat(32)}`,
  ])("%s is refused without it", async (path) => {
    const { status, text } = await ask(open, path);
    expect(status).toBe(401);
    expect(text).not.toContain(token);
  });

  it("the address sets a cookie that no script reads, and goes on without the token", async () => {
    const first = await ask(open, `/?token=${token}`);
    expect([first.status, first.headers.location]).toEqual([303, "/"]);
    const cookie = first.headers["set-cookie"]![0]!;
    expect(cookie).toMatch(/; HttpOnly; SameSite=Strict$/);
    for (const headers of [{ Cookie: `a=b; ${cookie.split(";")[0]}` }, { Authorization: `Bearer ${token}` }])
      expect((await ask(open, "/api/runs", { headers })).status).toBe(200);
    expect((await ask(open, `/api/runs?token=${token}`)).status).toBe(200);
  });

  it("names of other sites are refused with it too", async () => {
    const { status } = await ask(open, `/api/runs?token=${token}`, { headers: { Host: "evil.example" } });
    expect(status).toBe(421);
  });
});
