/** Signals that end a run after the step under way, with their exit codes. */
const CODES = { SIGINT: 130, SIGTERM: 143 } as const;

/** The signal that asks for a checkpoint and lets the run go on: what Slurm sends before a job's time is up. */
const SAVE = "SIGUSR1";

/** Remembers the first SIGINT or SIGTERM; a second one leaves at once. SIGUSR1 asks for a checkpoint. */
export class Interrupt {
  /** Exit code of the signal that came, if one did. */
  exitCode: number | undefined;
  private asked = false;
  private readonly handlers = Object.entries(CODES).map(([signal, code]) => {
    const handler = () => {
      if (this.exitCode !== undefined) process.exit(code);
      this.exitCode = code;
      this.say(`${signal}: saving after this step (again: leave at once)`);
    };
    process.on(signal, handler);
    return [signal, handler] as const;
  });
  private readonly ask = () => {
    this.asked = true;
    this.say(`${SAVE}: saving after this step; training goes on`);
  };

  constructor(private readonly say: (text: string) => void) {
    process.on(SAVE, this.ask);
  }

  /** Whether a checkpoint was asked for since the last call. */
  takeRequest(): boolean {
    const { asked } = this;
    this.asked = false;
    return asked;
  }

  dispose(): void {
    for (const [signal, handler] of this.handlers) process.off(signal, handler);
    process.off(SAVE, this.ask);
  }
}
