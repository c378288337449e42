import { ConfigError } from "../../errors.ts";
import { didYouMean } from "../../text/suggest.ts";

/** A key of `--resource`. */
export interface ResourceKey {
  readonly about: string;
  /** What its values look like, and in words, where not every text is one. */
  readonly pattern?: RegExp;
  readonly expected?: string;
  /** Whether it may be given several times. */
  readonly many?: boolean;
}

export type ResourceKeys = Readonly<Record<string, ResourceKey>>;

/** What `--resource` says, by key. */
export class Resources {
  private readonly values = new Map<string, string[]>();

  /**
   * @param given arguments of `--resource`, KEY=VALUE each
   * @throws ConfigError where one is none of `keys`, or its value none of that key's
   */
  constructor(launcher: string, keys: ResourceKeys, given: readonly string[]) {
    const names = Object.keys(keys);
    for (const text of given) {
      const at = text.indexOf("=");
      const [name, value] = at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
      const key = keys[name];
      const fault = (what: string) => new ConfigError(`--resource ${text}: ${what}`);
      if (key === undefined)
        throw fault(
          names.length === 0
            ? `expected none with --launcher ${launcher}: it takes this machine as it is. Leave it out, or name another launcher`
            : `expected one of ${names.join(", ")} for --launcher ${launcher}, got "${name}".${didYouMean(name, names)}`,
        );
      if (value === "") throw fault(`expected ${name}=VALUE, got no value`);
      if (key.pattern !== undefined && !key.pattern.test(value))
        throw fault(`expected ${key.expected}, got "${value}"`);
      const before = this.values.get(name) ?? [];
      if (before.length > 0 && !key.many) throw fault(`expected ${name} once, got "${before[0]}" before`);
      this.values.set(name, [...before, value]);
    }
  }

  /** The value of a key that may be given once. */
  one(key: string): string | undefined {
    return this.values.get(key)?.[0];
  }

  all(key: string): readonly string[] {
    return this.values.get(key) ?? [];
  }
}

/** Keys that several launchers have. */
export const COUNT = { pattern: /^[1-9]\d*$/, expected: "an integer ≥ 1" };
