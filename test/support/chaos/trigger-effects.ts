import type { CallFilter } from "../../../local/calls.ts";
import type { Effect } from "./effects.ts";

/** Effects of the functions around the state machine, for the Certificate `name` and the ClusterIssuer of the same name. */

const put = (...contains: string[]): CallFilter => ({ service: "dynamodb", action: "PutItem", contains });
const starts = (name: string): CallFilter => ({ service: "states", action: "StartExecution", contains: name });
const account = (name: string) => `${name}-account`;

/** What Dispatch does to start an execution; the sweep does the same. */
export function startEffects(by: "dispatch" | "sweep"): Effect[] {
  return [
    { by, what: "the taking of the lease", call: (name) => put(`"resource":{"S":"Certificate/${name}"}`, '"leaseId"') },
    { by, what: "the write of the attempt", call: (name) => put(`Certificate/${name}#attempt#`, '"startedAt"') },
    { by, what: "StartExecution", call: starts },
  ];
}

/** What Check issuer does to make an issuer ready. */
export const issuerEffects: Effect[] = [
  { by: "check-issuer", what: "the claim of the secret's name", call: (name) => put(`"S":"Secret/${account(name)}"`) },
  {
    by: "check-issuer",
    what: "CreateSecret",
    call: (name) => ({ service: "secretsmanager", action: "CreateSecret", contains: account(name) }),
  },
  {
    by: "check-issuer",
    what: "newAccount",
    call: (name) => ({ service: "acme", action: "newAccount", contains: `mailto:${name}@` }),
  },
  {
    by: "check-issuer",
    what: "the write of the account",
    call: (name) => put(`"resource":{"S":"ClusterIssuer/${name}"}`),
  },
  {
    by: "check-issuer",
    what: "the waking of the Certificate",
    call: (name) => put(`"resource":{"S":"Certificate/${name}"}`),
  },
];

/** What Accept request does with an order from the bus. */
export const orderEffects: Effect[] = [
  {
    by: "accept-request",
    what: "the write of the request",
    call: (name) => put(`"resource":{"S":"Certificate/${name}"}`),
  },
];

/** What Resync does with a request that State has not decided on. */
export const resyncEffects: Effect[] = [
  {
    by: "resync",
    what: "the call of Dispatch",
    call: (name) => ({ service: "lambda", action: "Invoke", contains: name }),
  },
];
