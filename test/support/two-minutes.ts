import type { Manifest } from "../../local/requests.ts";
import { certificate } from "./integration-bed.ts";

/**
 * Certificates whose tests take minutes: 00-renewals-begin.test.ts writes them, they go on while the other files run, and
 * zx-renewals.test.ts looks at what became of them.
 */
export const twoMinutes = {
  namespace: "two-minutes",
  /** The queue that keeps what the bus is told about them. */
  queue: "test-two-minutes",
  /** The queue that keeps all that goes over the bus, for the scan. */
  everything: "test-everything",
  changesKey: wanted("changes-key", "Always"),
  keepsKey: wanted("keeps-key", "Never"),
  /** Its execution never starts: the end of its first lease, a minute later, brings it back. */
  lostStart: certificate({
    name: "lost-start",
    namespace: "two-minutes",
    issuer: "pebble",
    dnsNames: ["lost-start.example.test"],
  }),
};

/** To be renewed long before its end, so that a slow machine is not what is tested. */
function wanted(name: string, rotationPolicy: "Always" | "Never"): Manifest {
  return certificate({
    name,
    namespace: "two-minutes",
    issuer: "pebble-two-minutes",
    dnsNames: [`${name}.two-minutes.example.test`],
    more: { privateKey: { algorithm: "ECDSA", rotationPolicy }, renewBeforePercentage: 60 },
  });
}
