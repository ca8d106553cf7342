import { type Step, steps } from "../../core/status.ts";
import type { CallFilter } from "../../local/calls.ts";

/** The steps that an attempt at an ACME CA goes through. */
export const stepsOfAnOrder = steps.filter((step) => step !== "sign");

/** A certificate's own names in what the functions send. */
export interface InCalls {
  namespace: string;
  name: string;
  /** The first of its DNS names, no wildcard. */
  dnsName: string;
}

/**
 * For each step a call that its function makes for one Certificate once it has done the better part of its work: held
 * there, the step is under way and has not told anybody.
 */
export const callInside: Record<Step, (one: InCalls) => CallFilter> = {
  // The key is made and sealed, the request is not.
  prepare: ({ namespace, name }) => put("prepare", `key#${namespace}/${name}#`),
  // The CA has made the order, State does not know its URL.
  "create-order": ({ name }) => put("create-order", attemptOf(name)),
  "publish-challenge": ({ dnsName }) => change("publish-challenge", dnsName),
  "check-propagation": ({ name }) => put("check-propagation", attemptOf(name)),
  // The CA was told to look.
  "validate-challenge": ({ name }) => put("validate-challenge", attemptOf(name)),
  // The CA has the CSR.
  "finalize-order": ({ name }) => put("finalize-order", attemptOf(name)),
  // The certificate is signed, State does not have it.
  sign: ({ name }) => put("sign", attemptOf(name)),
  // Key, chain and value are there, the secret is not.
  "write-secret": ({ namespace, name }) => ({
    service: "secretsmanager",
    action: "CreateSecret",
    function: "write-secret",
    contains: `/${namespace}/${name}-tls`,
  }),
  "clean-up-challenge": ({ dnsName }) => change("clean-up-challenge", dnsName),
};

/** The first call of a step for one Certificate: it looks for the attempt it is to work on. */
export function callAtStart(step: Step, name: string): CallFilter {
  return { service: "dynamodb", action: "BatchGetItem", function: step, contains: attemptOf(name) };
}

/** What the sort keys of a Certificate's attempts contain. */
function attemptOf(name: string): string {
  return `Certificate/${name}#attempt#`;
}

function put(step: Step, contains: string): CallFilter {
  return { service: "dynamodb", action: "PutItem", function: step, contains };
}

function change(step: Step, dnsName: string): CallFilter {
  return {
    service: "route53",
    action: "ChangeResourceRecordSets",
    function: step,
    contains: `_acme-challenge.${dnsName}`,
  };
}
