import type { BackendInfo } from "../backends/use_backend.ts";
import { EngineError } from "../errors.ts";
import type { Launcher } from "../experiment/launch/launcher.ts";
import { backendFor, type Choosing, MEASURE } from "../experiment/timing/choose_backend.ts";

/** Backends of a series whose runs are trained by a launcher. */
export interface FleetBackend {
  /** What its runs are told to take. */
  readonly name: string;
  /** What is in use in this process, to check and to evaluate by. */
  readonly here: BackendInfo;
}

/**
 * Chooses the backend of all runs, as `--backend` names it, and makes one tfjs's own here: the same where this machine has
 * it. Runs of a queue may be trained on what this machine lacks.
 *
 * @throws as `backendFor`, where the runs are trained here
 */
export async function fleetBackend(
  asked: string,
  launcher: Launcher | undefined,
  choosing: Choosing,
): Promise<FleetBackend> {
  const isNamed = asked !== "auto" && asked !== MEASURE;
  try {
    const here = await backendFor(asked, choosing);
    const { name } = here;
    if (!isNamed && launcher?.queue !== undefined)
      choosing.say(
        `note   backend ${name}: chosen by this machine, for all runs; --backend names what the queue's have`,
      );
    return { name: isNamed ? asked : name, here }; // as it was typed, with a device where it names one
  } catch (error) {
    if (!(error instanceof EngineError) || launcher?.queue === undefined || !isNamed) throw error;
    const here = await backendFor("auto", choosing);
    choosing.say(
      `note   backend ${asked}: this machine has it not; what is done here is done by ${here.name}`,
    );
    return { name: asked, here };
  }
}
