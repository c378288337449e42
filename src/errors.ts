/**
 * Errors that a user can cause and mend. The command line prints their message alone (place, expected, got,
 * remedy) and no stack trace; every other error is a bug of ours and keeps its trace.
 */
export class UserError extends Error {
  /** Exit code of the command line: 2 for what was typed or written wrongly, 1 for what went wrong. */
  readonly exitCode: number = 1;
  override readonly name: string = "UserError"; // written out: a bundle shortens the classes' own names
}

/** A config file or a command line that says something impossible. */
export class ConfigError extends UserError {
  override readonly name: string = "ConfigError";
  override readonly exitCode: number = 2;
}
/** Images, archives or weights that are missing, damaged or of another kind. */
export class DataError extends UserError {
  override readonly name: string = "DataError";
}
/** Sizes that do not fit: of images, latents, layers. */
export class ShapeError extends UserError {
  override readonly name: string = "ShapeError";
}
/** A checkpoint that is damaged or belongs to another model. */
export class CheckpointError extends UserError {
  override readonly name: string = "CheckpointError";
}
/** A backend that is missing or refuses. */
export class EngineError extends UserError {
  override readonly name: string = "EngineError";
}
/** Exit code after which the same command may work later (sysexits.h's EX_TEMPFAIL): a queue starts it once more. */
export const TRY_AGAIN = 75;

/** Another of the processes that train together has ended, hangs or can't be reached. */
export class LostRank extends EngineError {
  override readonly name: string = "LostRank";
  override readonly exitCode: number = TRY_AGAIN;
}
