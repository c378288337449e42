import type { Exclusion } from "./exclusions.ts";
import type { SpecResult } from "./jasmine.ts";

/** Results of specs held against the exclusions of a backend. */
export class Tally {
  passed = 0;
  failed = 0;
  skipped = 0;
  private readonly failures: string[] = [];
  private readonly passedThough: string[] = [];
  private readonly excluded: ReadonlySet<string>;
  private readonly unseen: Set<string>;

  constructor(exclusions: readonly Exclusion[]) {
    this.excluded = new Set(exclusions.flatMap((e) => e.specs));
    this.unseen = new Set(this.excluded);
  }

  add(name: string, status: SpecResult["status"], failures: SpecResult["failedExpectations"]): void {
    const excluded = this.excluded.has(name); // not by unseen: two specs may have one name
    this.unseen.delete(name);
    if (status === "pending") this.skipped++;
    else if (status === "passed") {
      this.passed++;
      if (excluded) this.passedThough.push(name);
    } else if (excluded) this.skipped++;
    else {
      this.failed++;
      this.failures.push(`failed: ${name}`, ...failures.map((f) => `    ${f.message}`));
    }
  }

  /** Lines for the console; `whole`: all specs ran, so that exclusions without a spec are told. */
  report(whole: boolean): string[] {
    return [
      ...this.failures,
      ...this.passedThough.map((name) => `passes, remove it from the exclusions: ${name}`),
      ...(whole
        ? [...this.unseen].map((name) => `no such spec, remove it from the exclusions: ${name}`)
        : []),
      `${this.passed} passed, ${this.failed} failed, ${this.skipped} skipped`,
    ];
  }
}
