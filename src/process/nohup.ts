import { fstatSync, readFileSync, readlinkSync, statSync } from "node:fs";
import { join } from "node:path";
import { homeFolder } from "./home_folder.ts";
import { parentAndSession } from "./proc.ts";

let ignored: boolean | undefined;

/**
 * Whether SIGHUP was ignored when this process started, as by nohup. Node gives every signal its default before any
 * line of ours runs, so it is told by what else nohup leaves, and by those that this process comes from.
 */
export function hangUpIsIgnored(): boolean {
  ignored ??= startedByNohup() || readsNothing() || writesToNohupOut() || anAncestorIgnoresIt();
  return ignored;
}

/** Shells tell a command its own path in `_`; nohup hands on what it was told. */
const startedByNohup = (): boolean => /(^|\/)nohup$/.test(process.env._ ?? "");

/** GNU's nohup puts a /dev/null that can only be written in the place of a terminal. */
function readsNothing(): boolean {
  try {
    const [, flags = "0"] = /^flags:\s*(\d+)/m.exec(readFileSync("/proc/self/fdinfo/0", "latin1")) ?? [];
    return readlinkSync("/proc/self/fd/0") === "/dev/null" && Number(flags.at(-1)) % 4 === 1;
  } catch {
    return false; // not Linux, or no standard input
  }
}

function writesToNohupOut(): boolean {
  const places = ["nohup.out", join(homeFolder() ?? "", "nohup.out")];
  const files = places.map((place) => statSync(place, { throwIfNoEntry: false }));
  return [1, 2].some((fd) => {
    try {
      const { dev, ino } = fstatSync(fd);
      return files.some((file) => file?.dev === dev && file.ino === ino);
    } catch {
      return false;
    }
  });
}

/** A script that nohup started, or that ignores it by `trap`: on Linux. Those of other sessions are not meant. */
function anAncestorIgnoresIt(): boolean {
  try {
    const { session } = parentAndSession("self");
    for (let pid = process.ppid; pid > 1; ) {
      const above = parentAndSession(pid);
      if (above.session !== session) return false;
      const [, mask = "0"] =
        /^SigIgn:\s*([0-9a-f]+)/m.exec(readFileSync(`/proc/${pid}/status`, "latin1")) ?? [];
      if (Number.parseInt(mask.at(-1)!, 16) % 2 === 1) return true;
      pid = above.parent;
    }
  } catch {} // not Linux, or it ended meanwhile
  return false;
}
