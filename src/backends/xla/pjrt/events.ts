import type { Pointer } from "../../ffi.ts";
import type { PjrtApi } from "./api.ts";

/** Whether what the event stands for is over, well or not. */
export const isOver = (api: PjrtApi, event: Pointer): boolean =>
  api.call("Event_IsReady", { event }).ready === 1;

/** Settles when `event` is over, and destroys it. @throws PjrtError of what it stands for */
export async function waitFor(api: PjrtApi, event: Pointer): Promise<void> {
  try {
    if (isOver(api, event)) api.call("Event_Await", { event });
    else await api.callAsync("Event_Await", { event });
  } finally {
    api.call("Event_Destroy", { event });
  }
}

/** `waitFor` that blocks. */
export function waitForSync(api: PjrtApi, event: Pointer): void {
  try {
    api.call("Event_Await", { event });
  } finally {
    api.call("Event_Destroy", { event });
  }
}
