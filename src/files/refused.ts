import { UserError } from "../errors.ts";
import { FAULTS } from "./faults.ts";

const PERMISSIONS = "change its permissions or those of the folders that it lies in";
/** What helps, by the code of the system's error. */
const REMEDIES: Readonly<Record<string, string>> = {
  EACCES: PERMISSIONS,
  EPERM: PERMISSIONS,
  ELOOP: "its links lead in a circle: mend them",
  ENAMETOOLONG: "give a shorter name",
  ...FAULTS,
};

/** What to say where the system refused a file or folder and nobody has said more of it; undefined for every other error. */
export function refused(error: unknown): UserError | undefined {
  const { code = "", path, message } = error as NodeJS.ErrnoException;
  const remedy = REMEDIES[code];
  if (remedy === undefined || path === undefined) return undefined;
  const sentence = `${remedy[0]!.toUpperCase()}${remedy.slice(1)}`;
  return new UserError(`${path}: expected access to it, got ${message}. ${sentence}.`, { cause: error });
}
