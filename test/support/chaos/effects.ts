import type { CallFilter } from "../../../local/calls.ts";
import type { Most } from "./issued-once.ts";

/** One thing that a function does to the world for one Certificate. */
export interface Effect {
  /** The function. */
  by: string;
  /** What it does, for the reader of the table. */
  what: string;
  /** The call that does it, for the Certificate `name` of the namespace, secret and DNS name of the same name. */
  call: (name: string) => CallFilter;
  /** What may happen twice when the function dies before it, or after it; or when only the reply is lost. */
  before?: Twice;
  after?: Twice;
  /** The same when it dies there again on the retry. */
  twice?: Twice;
}

export type Twice = Most & { why: string };

const put = (...contains: string[]): CallFilter => ({ service: "dynamodb", action: "PutItem", contains });
const removal = (...contains: string[]): CallFilter => ({ service: "dynamodb", action: "DeleteItem", contains });
const update = (...contains: string[]): CallFilter => ({ service: "dynamodb", action: "UpdateItem", contains });
const status = (name: string) => put(`"resource":{"S":"Certificate/${name}"}`);
const attempt = (name: string, field: string) => put(`Certificate/${name}#attempt#`, `"${field}"`);
const item = (name: string, kind: string) => put(`Certificate/${name}#attempt#`, `#${kind}"`);
/** Until a step ends, its rows carry the step before it. */
const end = (step: string) => ({
  by: step,
  what: "the write of its end",
  call: (name: string) => put(`Certificate/${name}#attempt#`, '"stepEnded"', `"step":{"S":"${step}"}`),
});
const ask = (action: string) => (name: string) => ({ service: "acme", action, contains: `${name}.example.test` });
const dns = (name: string) => ({
  service: "route53",
  action: "ChangeResourceRecordSets",
  contains: `${name}.example.test`,
});
const secret = (action: string) => (name: string) => ({ service: "secretsmanager", action, contains: `${name}-tls` });
const kms = (action: string) => (name: string) => ({ service: "kms", action, contains: name });

/** What nobody may issue twice for stays one: the retry finds the order in the account's list (RFC 8555 7.1.2.1). */
const lostUrl: Twice = { why: "the retry finds the order in the CA's list" };
/** An execution of its own does not look for it. */
const lostUrlTwice: Twice = { orders: 2, why: "at most one more order, never a third" };
const lostKey: Twice = {
  attempts: 2,
  why: "nobody can open the key to make a CSR with it, so a new attempt begins before any order",
};
/** On AWS the token of CreateSecret is the id of the version; the emulator makes one up, so ours comes as a second one. */
const emulatorsToken: Twice = {
  versions: 2,
  why: "the secret is found there (the emulator forgets its token, so there it may get a second version)",
};

/** What the eight steps do, in their order. */
export const stepEffects: Effect[] = [
  { by: "prepare", what: "the write of the longer lease", call: status },
  { by: "prepare", what: "the claim of the secret's name", call: (name) => put(`"S":"Secret/${name}-tls"`) },
  { by: "prepare", what: "GenerateDataKey", call: kms("GenerateDataKey") },
  {
    by: "prepare",
    what: "the write of the sealed key",
    call: (name) => put(`"S":"key#${name}`),
    after: lostKey,
  },
  {
    by: "prepare",
    what: "the write of the CSR",
    call: (name) => item(name, "csr"),
    before: lostKey,
  },
  end("prepare"),
  { by: "create-order", what: "newOrder", call: ask("newOrder"), after: lostUrl },
  {
    by: "create-order",
    what: "the write of the order's URL",
    call: (name) => attempt(name, "orderUrl"),
    before: lostUrl,
    twice: lostUrlTwice,
  },
  { by: "create-order", what: "the write of the challenges", call: (name) => item(name, "challenges") },
  end("create-order"),
  { by: "publish-challenge", what: "the claim of the record", call: (name) => update(`txt#_acme-challenge.${name}.`) },
  { by: "publish-challenge", what: "ChangeResourceRecordSets", call: dns },
  end("publish-challenge"),
  { by: "check-propagation", what: "GetChange", call: (name) => ({ ...dns(name), action: "GetChange" }) },
  end("check-propagation"),
  { by: "validate-challenge", what: "the answer to the challenge", call: ask("challenge") },
  { by: "validate-challenge", what: "the note of that answer", call: (name) => attempt(name, "answeredUnder") },
  end("validate-challenge"),
  { by: "finalize-order", what: "finalize", call: ask("finalize") },
  { by: "finalize-order", what: "the download", call: ask("certificate") },
  { by: "finalize-order", what: "the write of the chain", call: (name) => item(name, "chain") },
  end("finalize-order"),
  { by: "write-secret", what: "Decrypt", call: kms("Decrypt") },
  { by: "write-secret", what: "CreateSecret", call: secret("CreateSecret"), after: emulatorsToken },
  {
    by: "write-secret",
    what: "PutEvents",
    call: (name) => ({ service: "events", action: "PutEvents", contains: name }),
    before: emulatorsToken,
    after: emulatorsToken,
  },
  { by: "write-secret", what: "the write of the status", call: status, before: emulatorsToken },
  { by: "write-secret", what: "the write of the outcome", call: (name) => attempt(name, "outcome") },
  {
    by: "clean-up-challenge",
    what: "the removal of the record's claim",
    call: (name) => removal(`txt#_acme-challenge.${name}.`),
  },
  { by: "clean-up-challenge", what: "ChangeResourceRecordSets", call: dns },
  { by: "clean-up-challenge", what: "the removal of the sealed key", call: (name) => removal(`key#${name}`) },
  {
    by: "clean-up-challenge",
    what: "the note that all is clean",
    call: (name) => update(`Certificate/${name}#attempt#`),
  },
];

/** What Write secret does at a renewal. */
export const renewalEffects: Effect[] = [
  { by: "write-secret", what: "PutSecretValue", call: secret("PutSecretValue") },
  { by: "write-secret", what: "UpdateSecretVersionStage", call: secret("UpdateSecretVersionStage") },
];

/** `Create order`, as the state machine calls it. */
export function titleOf(functionName: string): string {
  const text = functionName.replaceAll("-", " ");
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
}
