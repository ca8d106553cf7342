import { describe, expect, it } from "vitest";
import { cleanUpInput, resourceKey, stepInput, streamEvent, syncInput } from "../../../functions/runtime/inputs.ts";

const ref = { namespace: "web", name: "www", attemptId: "a1" };
const step = { leaseId: "l", issuer: "i", live: [ref], waiting: [], round: 0, since: null, retryCount: 0 };
const cleanUp = { leaseId: "l", issuer: "i", attempts: [ref], failed: null };
const keys = { namespace: { S: "web" }, resource: { S: "Certificate/www" } };

describe("a task's input", () => {
  it.each<[string, object]>([
    ["the first call", step],
    ["a later round", { ...step, waiting: [ref], round: 3, since: 1_795_348_800_000 }],
    ["a repeat", { ...step, retryCount: 2 }],
    ["the time by Step Functions' clock", { ...step, entered: "2026-11-22T12:00:00.123Z" }],
    ["nobody live", { ...step, live: [] }],
  ])("may be %s", (_what, input) => {
    expect(stepInput.parse(input)).toEqual(input);
  });

  it.each<[string, object]>([
    ["a single attempt that is no list", { ...step, live: ref }],
    ["an attempt without its id", { ...step, live: [{ namespace: "web", name: "www" }] }],
    ["a since that is a text", { ...step, since: "2026-11-22T12:00:00Z" }],
    ["no since", { ...step, since: undefined }],
    ["a round that is a text", { ...step, round: "1" }],
    ["no lease", { ...step, leaseId: null }],
    ["a time that is none", { ...step, entered: "noon" }],
  ])("may not be %s", (_what, input) => {
    expect(stepInput.safeParse(input).success).toBe(false);
  });

  it("loses what it does not know", () => {
    expect(stepInput.parse({ ...step, chain: "PEM" })).toEqual(step);
  });
});

describe("the input of Clean up", () => {
  it.each<[string, object]>([
    ["an execution's", cleanUp],
    ["an execution's after a failure", { ...cleanUp, failed: "States.Timeout" }],
    ["the sweep's", { attempts: [ref], issuer: "i" }],
  ])("may be %s", (_what, input) => {
    expect(cleanUpInput.parse(input)).toEqual(input);
  });

  it.each<[string, object]>([
    ["without attempts", { issuer: "i" }],
    ["without an issuer", { attempts: [ref] }],
    ["with live attempts only", { ...step }],
  ])("may not be %s", (_what, input) => {
    expect(cleanUpInput.safeParse(input).success).toBe(false);
  });
});

describe("the key of an object", () => {
  it.each(["Certificate", "Issuer", "ClusterIssuer", "Cluster", "Bundle"])("may be of a %s", (kind) => {
    expect(resourceKey.safeParse({ namespace: "web", kind, name: "www" }).success).toBe(true);
  });

  it.each(["Secret", "certificate", ""])("may not be of a %j", (kind) => {
    expect(resourceKey.safeParse({ namespace: "web", kind, name: "www" }).success).toBe(false);
  });
});

describe("the input of Sync Kubernetes", () => {
  const www = { namespace: "web", name: "www" };
  const key = { namespace: "_cluster", kind: "Cluster", name: "blue" };
  const fact = { source: "certwright", "detail-type": "Certificate Deleted", detail: www };
  const batch = { source: "certwright", "detail-type": "Cluster Sync Requested", detail: { certificates: [www] } };

  it.each<[string, object]>([
    ["Certificates", { certificates: [www, { namespace: "web", name: "api" }] }],
    ["a Cluster", { key }],
    ["a Bundle to be planned anew", { key: { ...key, kind: "Bundle" }, replan: true }],
    ["a batch that was issued", batch],
    ["a deleted one", fact],
  ])("may be %s", (_what, input) => {
    expect(syncInput.parse(input)).toEqual(input);
  });

  it("takes from a fact which Certificate it is about", () => {
    const detail = { ...www, revision: 2, secretName: "www-tls" };
    expect(syncInput.parse({ ...fact, id: "1", account: "111122223333", detail })).toEqual(fact);
  });

  it.each<[string, object]>([
    ["nothing", {}],
    ["a fact of somebody else", { ...fact, source: "certwright.namespace.web" }],
    ["another fact", { ...fact, "detail-type": "Certificate Issuance Failed" }],
    ["a fact without a name", { ...fact, detail: { namespace: "web" } }],
    ["a Certificate that is no list", { certificates: www }],
    ["an unknown kind", { key: { ...key, kind: "Secret" } }],
    ["a replan that is a text", { key, replan: "true" }],
  ])("may not be %s", (_what, input) => {
    expect(syncInput.safeParse(input).success).toBe(false);
  });
});

describe("an event of the stream", () => {
  it("is read by its keys and sequence numbers, whatever else it holds", () => {
    const image = { spec: { M: {} } };
    const dynamodb = { Keys: keys, SequenceNumber: "1", NewImage: image, SizeBytes: 3 };
    expect(streamEvent.parse({ Records: [{ eventName: "REMOVE", dynamodb }] })).toEqual({
      Records: [{ dynamodb: { Keys: keys, SequenceNumber: "1" } }],
    });
  });

  it("may be empty", () => {
    expect(streamEvent.parse({ Records: [] })).toEqual({ Records: [] });
  });

  it.each<[string, object]>([
    ["without a sequence number", { Keys: keys }],
    ["without keys", { SequenceNumber: "1" }],
    ["of another table", { Keys: { id: { S: "x" } }, SequenceNumber: "1" }],
  ])("may not be %s", (_what, dynamodb) => {
    expect(streamEvent.safeParse({ Records: [{ dynamodb }] }).success).toBe(false);
  });
});
