import { ConfigError } from "../errors.ts";

/** A repository on the hub at a revision. */
export interface HubRepo {
  /** OWNER/NAME. */
  readonly repo: string;
  /** A branch, a tag or a commit. */
  readonly revision: string;
}

const REPO = /^[\w.-]+\/[\w.-]+$/;
const isName = (text: string): boolean => REPO.test(text) && !/(^|\/)\.\.?(\/|$)/.test(text);

/** What `hf:OWNER/NAME` or `hf:OWNER/NAME@REVISION` names; undefined: the text is a path. @throws ConfigError */
export function hubRepo(text: string): HubRepo | undefined {
  const rest = /^hf:(?:\/\/)?(.*)$/i.exec(text)?.[1];
  if (rest === undefined) return undefined;
  const [repo = "", revision = "main", ...more] = rest.split("@");
  if (isName(repo) && more.length === 0 && /^[\w.\-/]+$/.test(revision) && !revision.includes(".."))
    return { repo, revision };
  throw new ConfigError(
    `"${text}": expected a repository on the Hugging Face hub, hf:OWNER/NAME or hf:OWNER/NAME@REVISION.`,
  );
}

/** The name of a repository to write to. @throws ConfigError */
export function hubName(text: string): string {
  const name = text.replace(/^hf:(\/\/)?/i, "");
  if (isName(name)) return name;
  throw new ConfigError(`"${text}": expected the name of a repository on the Hugging Face hub, OWNER/NAME.`);
}
