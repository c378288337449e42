/** Signals that end a run after the step under way, with their exit codes. */
const CODES = { SIGINT: 130, SIGTERM: 143 } as const;

/** Remembers the first SIGINT or SIGTERM; a second one leaves at once. */
export class Interrupt {
  /** Exit code of the signal that came, if one did. */
  exitCode: number | undefined;
  private readonly handlers = Object.entries(CODES).map(([signal, code]) => {
    const handler = () => {
      if (this.exitCode !== undefined) process.exit(code);
      this.exitCode = code;
      this.notify(signal);
    };
    process.on(signal, handler);
    return [signal, handler] as const;
  });

  constructor(private readonly notify: (signal: string) => void) {}

  dispose(): void {
    for (const [signal, handler] of this.handlers) process.off(signal, handler);
  }
}
