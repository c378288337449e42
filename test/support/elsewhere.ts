import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

const UNSHARE = "unshare --user --map-root-user --uts --pid --fork --mount-proc --kill-child sh -c".split(
  " ",
);

/** A command as on another host: with a host name (node7) and process numbers of its own, as in a container. */
export const elsewhere = (command: readonly string[]): string[] => [
  ...UNSHARE,
  'hostname node7; exec "$@"',
  "sh",
  ...command,
];

/** Whether this process may do that. */
export const canBeElsewhere = spawnSync(UNSHARE[0]!, [...UNSHARE.slice(1), "hostname node7"]).status === 0;

/** The number here of the Node that `unshare`, of the number `pid`, started. */
export function numberHere(pid: number): number {
  for (let at = pid; ; ) {
    const children = readFileSync(`/proc/${at}/task/${at}/children`, "latin1").trim();
    if (children === "") throw new Error(`${pid} has started no Node`);
    at = Number(children.split(" ")[0]);
    if (readFileSync(`/proc/${at}/cmdline`, "latin1").includes("node\0")) return at;
  }
}
