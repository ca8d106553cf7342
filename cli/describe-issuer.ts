import { idOf } from "../core/resource.ts";
import { textAt } from "./as-written.ts";
import { conditionsPart, eventsPart, headPart } from "./describe-parts.ts";
import { nextStep } from "./next-step.ts";
import type { Seen } from "./objects.ts";
import { issuerType } from "./summary.ts";
import type { Installation } from "./verb.ts";

const eventsShown = 25;
const waitingShown = 10;

/** The text of `describe issuer` and `describe clusterissuer`. */
export async function describeIssuer(installation: Installation, seen: Seen, colour: boolean): Promise<string> {
  const { state, clock } = installation;
  const { key, issuer, written } = seen;
  const now = clock.now().getTime();
  const [events, waiting] = await Promise.all([state.events(key, eventsShown), waitingFor(installation, seen)]);
  const head = headPart(seen, [
    ["Type", issuerType(seen)],
    ["Server", textAt(written.spec, "acme", "server")],
    ["Account", issuer?.acme?.accountUrl],
    ["Account Email", issuer?.acme?.lastRegisteredEmail],
    ["Account Key", issuer?.acme?.keyThumbprint],
    ["Account Binding", issuer?.acme?.bindingKeyId],
    ["Deactivated", issuer?.acme?.deactivatedAt],
    ["Waiting", waiting],
  ]);
  return [
    head,
    conditionsPart([issuer?.ready], now, colour),
    eventsPart(events, now, colour),
    `Next:\n  ${nextStep(seen, now)}`,
  ].join("\n\n");
}

/** The Certificates that wait for it: the first ten, and whether there are more. */
async function waitingFor({ state }: Installation, { key }: Seen): Promise<string> {
  const shown: string[] = [];
  for await (const page of state.waitingFor(key)) {
    shown.push(...page.map(idOf));
    if (shown.length > waitingShown) break;
  }
  const more = shown.length > waitingShown ? "\nand more" : "";
  return shown.slice(0, waitingShown).join("\n") + more || "<none>";
}
