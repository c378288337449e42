import { signalsTo, takeSignals } from "../../process/signals.ts";

/** Remembers the first signal to leave; a second one leaves at once. A signal to save asks for a checkpoint. */
export class Interrupt {
  /** Exit code of the signal that came, if one did. */
  exitCode: number | undefined;
  private asked = false;
  private readonly saving = signalsTo("save");
  private readonly release = takeSignals((name, code) => {
    if (this.exitCode !== undefined) process.exit(code);
    this.exitCode = code;
    this.say(`${name}: saving after this step (again: leave at once)`);
  });
  private readonly ask = (name: NodeJS.Signals) => {
    this.asked = true;
    this.say(`${name}: saving after this step; training goes on`);
  };

  constructor(private readonly say: (text: string) => void) {
    for (const name of this.saving) process.on(name, this.ask);
  }

  /** Whether a checkpoint was asked for since the last call. */
  takeRequest(): boolean {
    const { asked } = this;
    this.asked = false;
    return asked;
  }

  dispose(): void {
    this.release();
    for (const name of this.saving) process.off(name, this.ask);
  }
}
