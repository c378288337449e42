import { describe, expect, it } from "vitest";
import { type Place, placeOf } from "../../src/process/place.ts";
import { hostsOf, taskCounts } from "../../src/process/slurm.ts";

const cluster = { worker: ["a:1", "b:1"] };
const tfConfig = (task: object, of: object = cluster) => JSON.stringify({ cluster: of, task });
const slurm = {
  SLURM_JOB_ID: "17",
  SLURM_STEP_ID: "0",
  SLURM_STEP_NUM_TASKS: "3",
  SLURM_STEP_NODELIST: "n[08-09]",
  SLURM_STEP_TASKS_PER_NODE: "2,1",
  SLURM_PROCID: "2",
  SLURM_NODEID: "1",
};
const mpi = {
  OMPI_COMM_WORLD_RANK: "1",
  OMPI_COMM_WORLD_SIZE: "2",
  OMPI_COMM_WORLD_LOCAL_SIZE: "2",
  PMIX_NAMESPACE: "job-1",
};
const hosts = (place: Place | undefined) => place?.nodes.map((node) => node.replace(/:\d+$/, ""));

describe("where a process stands among those that train together", () => {
  it("is alone where nothing says otherwise", () => {
    expect(placeOf({}, {})).toBeUndefined();
    expect(placeOf({ nodes: ["a:1"], rank: 0 }, {})).toBeUndefined();
    expect(placeOf({}, { TF_CONFIG: "{}" })).toBeUndefined();
    expect(
      placeOf({}, { TF_CONFIG: tfConfig({ type: "worker", index: 0 }, { worker: ["a:1"] }) }),
    ).toBeUndefined();
    expect(placeOf({}, { PMI_RANK: "0", PMI_SIZE: "1" })).toBeUndefined();
  });

  it("is alone as a task of its own in a Slurm job of several", () => {
    const job = { SLURM_JOB_ID: "17", SLURM_NTASKS: "4", SLURM_PROCID: "0", SLURM_JOB_NODELIST: "n[1-4]" };
    expect(placeOf({}, job)).toBeUndefined(); // a batch script
    expect(placeOf({}, { ...job, SLURM_STEP_ID: "0", SLURM_STEP_NUM_TASKS: "1" })).toBeUndefined();
  });

  it("is what options say", () => {
    expect(placeOf({ nodes: ["a:1", "b:2"], rank: 1 }, {})).toEqual({ rank: 1, nodes: ["a:1", "b:2"] });
  });

  it("is what TF_CONFIG says, a chief before the workers", () => {
    const text = tfConfig({ type: "worker", index: 1 }, { worker: ["a:1", "b:1"], chief: ["c:1"] });
    expect(placeOf({}, { TF_CONFIG: text })).toEqual({ rank: 2, nodes: ["c:1", "a:1", "b:1"] });
  });

  it("is what srun says, each task of a host by a port of its own", () => {
    const place = placeOf({}, slurm);
    expect(place?.rank).toBe(2);
    expect(hosts(place)).toEqual(["n08", "n08", "n09"]);
    expect(new Set(place?.nodes).size).toBe(3);
    expect(placeOf({}, { ...slurm, SLURM_PROCID: "0", SLURM_NODEID: "0" })?.nodes).toEqual(place?.nodes);
    expect(placeOf({}, { ...slurm, SLURM_STEP_ID: "1" })?.nodes).not.toEqual(place?.nodes);
  });

  it("is what mpirun says, on one machine, and on several with the addresses", () => {
    expect(placeOf({}, mpi)?.rank).toBe(1);
    expect(hosts(placeOf({}, mpi))).toEqual(["localhost", "localhost"]);
    const far = { PMI_RANK: "1", PMI_SIZE: "2" };
    expect(placeOf({ nodes: ["a:1", "b:1"] }, far)).toEqual({ rank: 1, nodes: ["a:1", "b:1"] });
    expect(() => placeOf({}, far)).toThrow(
      "PMI_RANK: expected the addresses of all ranks with it, got none.",
    );
  });

  it.each([
    [{ rank: 1 }, {}, "--rank: expected the addresses of all ranks with it, got none."],
    [{ nodes: ["a:1", "b:1"] }, {}, "--nodes: expected --rank N with it, 0 to 1"],
    [
      { nodes: ["a:1", "b:1"], rank: 2 },
      {},
      "--nodes: expected an address for each of 3 ranks, got 2: a:1,b:1.",
    ],
    [{ nodes: ["a:1", "a:1"], rank: 0 }, {}, "--nodes: expected each address once, got a:1 twice."],
    [{ nodes: ["a", "b:1"], rank: 0 }, {}, '--nodes: expected host:port, got "a".'],
    [
      { nodes: ["a:1", "b:1"], rank: 0 },
      mpi,
      "--rank: expected 1 as the rank, which OMPI_COMM_WORLD_RANK says, got 0.",
    ],
    [
      { nodes: ["a:1", "b:1"] },
      slurm,
      "--nodes: expected 3 as the number of ranks, which SLURM_PROCID says, got 2. Leave one of the two out.",
    ],
    [{}, { TF_CONFIG: "{" }, "TF_CONFIG: expected JSON, got {."],
    [
      {},
      { TF_CONFIG: tfConfig({ type: "worker", index: 2 }) },
      "TF_CONFIG: expected a task with type and index of one",
    ],
    [
      {},
      { TF_CONFIG: tfConfig({ type: "ps", index: 0 }, { ...cluster, ps: ["c:1"] }) },
      "TF_CONFIG: expected a cluster of lists of addresses for chief, master, worker alone",
    ],
    [
      {},
      { ...slurm, SLURM_NODEID: "0" },
      "SLURM_STEP_NODELIST: expected 3 tasks side by side on n[08-09] (2,1)",
    ],
    [
      {},
      { ...slurm, SLURM_STEP_TASKS_PER_NODE: undefined },
      "SLURM_STEP_NUM_TASKS: expected SLURM_PROCID, SLURM_STEP_NODELIST",
    ],
  ])("refuses what says too little or contradicts itself: %j", (options, env, message) => {
    expect(() => placeOf(options, env)).toThrow(message);
  });
});

it("reads Slurm's lists of hosts and tasks", () => {
  expect(hostsOf("a")).toEqual(["a"]);
  expect(hostsOf("n[1-2,10],gpu07")).toEqual(["n1", "n2", "n10", "gpu07"]);
  expect(hostsOf("r[1-2]n[08-09].x")).toEqual(["r1n08.x", "r1n09.x", "r2n08.x", "r2n09.x"]);
  expect(taskCounts("2(x3),1")).toEqual([2, 2, 2, 1]);
});
