import { UserError } from "../errors.ts";

const PERMISSIONS = "Change its permissions or those of the folders that it lies in";
/** What helps, by the code of the system's error. */
const REMEDIES: Readonly<Record<string, string>> = {
  EACCES: PERMISSIONS,
  EPERM: PERMISSIONS,
  ELOOP: "Its links lead in a circle: mend them",
  ENAMETOOLONG: "Give a shorter name",
  EIO: "The disk reports a fault: check it, and its cable or connection",
  ESTALE: "The network drive has changed under it: mount it anew",
  ETIMEDOUT: "The network drive does not answer: check the connection",
  EMFILE: "Too many files are open: raise ulimit -n",
  ENFILE: "Too many files are open on this machine: end other programs",
};

/** What to say where the system refused a file or folder and nobody has said more of it; undefined for every other error. */
export function refused(error: unknown): UserError | undefined {
  const { code = "", path, message } = error as NodeJS.ErrnoException;
  const remedy = REMEDIES[code];
  if (remedy === undefined || path === undefined) return undefined;
  return new UserError(`${path}: expected access to it, got ${message}. ${remedy}.`, { cause: error });
}
