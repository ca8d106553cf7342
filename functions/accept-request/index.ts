import { acceptRequest, orderEvent } from "../../core/accept-request.ts";
import { handler as trigger } from "../runtime.ts";

/** Writes orders from the bus into the Requests table. */
export const handler = trigger("accept-request", orderEvent, async (deps, event) => {
  const { key } = await acceptRequest(deps, event);
  deps.log({ event: "accepted", order: event["detail-type"], namespace: key.namespace, name: key.name });
});
