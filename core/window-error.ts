import type { Deps } from "./deps.ts";
import { idOf, type ResourceKey } from "./resource.ts";

/** Says in an event that no renewal window opens in time; best effort: the renewal time in the status is the truth. */
export async function tellWindowError(deps: Deps, key: ResourceKey, message: string | undefined): Promise<void> {
  if (message === undefined) return;
  const at = deps.clock.now().getTime();
  try {
    await deps.state.addEvent({ key, at, type: "Warning", reason: "WindowError", message });
  } catch (error) {
    deps.log({ event: "untold", certificate: idOf(key), error: String(error) });
  }
}
