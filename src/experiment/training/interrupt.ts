import { signalsTo, takeSignals } from "../../process/signals.ts";
import type { Asks } from "./step_inputs.ts";

/** What ends a run from outside, besides the signals that people and schedulers send. */
interface Outside {
  readonly signal?: AbortSignal | undefined;
  readonly handleSignals?: boolean | undefined;
  /** Several ranks train together, and leave together. */
  readonly together?: boolean;
}

/** The exit code of a run that ends because another of its processes was told to: SIGTERM's. */
const TOLD = 143;

/**
 * Remembers the first signal to leave, or the program's abort; a second signal leaves at once. A signal to save asks for a
 * checkpoint.
 */
export class Interrupt {
  /** Exit code of the signal that came to this process. */
  private own: number | undefined;
  private asked = false;
  /** Of several ranks: whether one of them was told to leave, as all know since the same step. */
  private agreed = false;
  private readonly saving: NodeJS.Signals[];
  private readonly release: () => void;
  private readonly ask = (name: NodeJS.Signals) => {
    this.asked = true;
    this.say(`${name}: saving after this step; training goes on`);
  };

  constructor(
    private readonly say: (text: string) => void,
    private readonly outside: Outside = {},
  ) {
    const { handleSignals = true } = outside;
    this.saving = handleSignals ? signalsTo("save") : [];
    this.release = handleSignals ? takeSignals((name, code) => this.take(name, code)) : () => {};
    for (const name of this.saving) process.on(name, this.ask);
  }

  /** Exit code of the signal that came, if one did. */
  get exitCode(): number | undefined {
    return this.own ?? (this.agreed && !this.aborted ? TOLD : undefined);
  }

  /** Whether the program has aborted the run. */
  get aborted(): boolean {
    return this.own === undefined && this.outside.signal?.aborted === true;
  }

  /** Whether the run is to end, saved as it is: of several ranks only once all of them know. */
  get came(): boolean {
    return this.outside.together ? this.agreed : this.wanted;
  }

  /** Whether a checkpoint was asked for since the last call. */
  takeRequest(): boolean {
    const { asked } = this;
    this.asked = false;
    return asked;
  }

  /** What this rank asks of all with its next step. */
  get asks(): Asks {
    return { leave: this.wanted, save: this.takeRequest() };
  }

  /** What the ranks have asked with a step that all of them have done; whether they are to save. */
  agree({ leave, save }: Readonly<Record<keyof Asks, number>>): boolean {
    this.agreed ||= leave > 0;
    return save > 0;
  }

  private get wanted(): boolean {
    return this.own !== undefined || this.aborted;
  }

  dispose(): void {
    this.release();
    for (const name of this.saving) process.off(name, this.ask);
  }

  private take(name: NodeJS.Signals, code: number): void {
    if (this.own !== undefined) process.exit(code);
    this.own = code;
    this.say(`${name}: saving after this step (again: leave at once)`);
  }
}
