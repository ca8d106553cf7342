import { ListHostedZonesCommand } from "@aws-sdk/client-route-53";
import { beforeAll, describe, expect, it } from "vitest";
import { functionNames } from "../../cdk/functions.ts";
import { synthesize } from "../infra/synth.ts";
import { review } from "../support/iam-review.ts";
import { readInstalled } from "../support/iam-template.ts";
import type { Weighed } from "../support/iam-weigh.ts";
import { weighCalls } from "../support/iam-weigh.ts";
import { connectStack } from "../support/stack.ts";

const everyone = ["*"];
const decides = ["dispatch", "sweep"];
const reachesDns = ["publish-challenge", "check-propagation", "clean-up-challenge"];
const asksTheCa = ["create-order", "validate-challenge", "finalize-order"];

/** What no recorded call needs, or not in every run, and why it is granted. Reviewed 2026-11-22. */
const unused: [functions: string[], grant: RegExp, reason: string][] = [
  [everyone, /^logs:/, "Lambda itself writes the function's log, with its role"],
  [
    [
      ...[
        "accept-request",
        "dispatch",
        "sweep",
        "resync",
        "check-issuer",
        "check-certificates",
        "sync-kubernetes",
        "rewrite-secret",
        "revoke-certificate",
      ],
      "clean-up-challenge",
    ],
    /^sqs:SendMessage/,
    "Lambda itself leaves what an asynchronous call failed on, with the function's role",
  ],
  [["dispatch"], /^dynamodb:.*stream$/, "Lambda's event source mapping reads the stream, with the function's role"],
  [
    decides,
    /^s3:(ListBucketVersions|GetObjectVersionTagging) /,
    "drift of a secret in the store s3 is looked at on a hint",
  ],
  [decides, /^s3:DeleteObject /, "the annotation deletion-policy on a Certificate in the store s3"],
  [decides, /^lambda:InvokeFunction @ function:certwright-clean-up/, "an attempt left records: overdue, or abandoned"],
  [["sweep"], /^secretsmanager:|^events:/, "the sweep decides by the same code as dispatch, what the stream lost even"],
  [
    ["check-issuer"],
    /^secretsmanager:RestoreSecret /,
    "the secret for an account key is in its recovery window: restored, and written anew",
  ],
  [["sweep"], /^dynamodb:GetItem /, "an issuer that came between the look at it and the note that it is waited for"],
  [["sweep"], /^lambda:InvokeFunction @ function:certwright-sync/, "a Cluster or Bundle that is due by itself"],
  [
    ["sweep"],
    /^lambda:InvokeFunction @ function:certwright-revoke/,
    "a revocation whose first call was lost, or that waits",
  ],
  [
    ["check-certificates"],
    /^dynamodb:GetItem @ table.*requests$/,
    "windows of spec.renewal hold for what the CA wants, too",
  ],
  [
    ["check-certificates"],
    /^lambda:InvokeFunction @ function:certwright-dispatch/,
    "a certificate is due for another reason by the time it is looked at",
  ],
  [["revoke-certificate"], /^s3:|through s3$/, "the key of a certificate in the store s3 proves its leak"],
  [
    ["revoke-certificate"],
    /^lambda:InvokeFunction @ function:certwright-revoke/,
    "another Certificate has the same key",
  ],
  [["sync-kubernetes"], /^sts:AssumeRole /, "a Cluster of EKS that names a role; there is no EKS here"],
  [
    ["sync-kubernetes"],
    /^secretsmanager:RestoreSecret /,
    "the stored secret of a Bundle is in its recovery window: restored, and written anew",
  ],
  [["sweep"], /^lambda:InvokeFunction @ function:certwright-rewrite/, "a rewrite that was lost, or has its next try"],
  [
    ["rewrite-secret"],
    /^s3:|through s3$|^secretsmanager:(CreateSecret|TagResource|RestoreSecret) /,
    "a secret in the store s3 is rewritten; one that is deleted, or changes its issuer, at the same time",
  ],
  [
    ["rewrite-secret"],
    /^lambda:InvokeFunction @ function:certwright-dispatch/,
    "somebody wrote over a secret so that it needs a new certificate",
  ],
  [["prepare"], /^s3:|through s3$/, "rotationPolicy Never takes the key from the secret, here in the store s3"],
  [
    ["prepare"],
    /^secretsmanager:(Create|Describe|Put|Restore|Tag|Update)|^kms:GenerateDataKey .*through|^s3:/,
    "a placeholder, for who asks for a temporary certificate",
  ],
  [["prepare"], /^dynamodb:UpdateItem/, "a claim whose owner asks for another secret is released"],
  [["check-issuer"], /^s3:|through s3$/, "the pair of a CA whose Certificate is kept in the store s3"],
  [["sign"], /^s3:|through s3$/, "the pair of a CA whose Certificate is kept in the store s3"],
  [["sign"], /^events:PutEvents/, "an attempt fails there: its CA is gone, or may not sign"],
  [["finalize-order", "sign"], /^dynamodb:UpdateItem/, "a certificate that lives longer than its CSR was to be kept"],
  [asksTheCa, /^lambda:InvokeFunction @ function:certwright-check-issuer/, "the CA no longer knows the account"],
  [
    ["check-propagation", "clean-up-challenge"],
    /^events:PutEvents/,
    "an attempt fails there: a change that Route 53 refuses, a function that died twice",
  ],
  [reachesDns, /^lambda:InvokeFunction @ function:certwright-dns-/, "a solver dns01.lambda; here all are of Route 53"],
  [
    reachesDns,
    /^secretsmanager:GetSecretValue |^kms:Decrypt .*through secretsmanager$/,
    "the credential of a solver at another DNS provider; here all are of Route 53",
  ],
  [
    ["write-secret"],
    /^s3:GetObjectVersion |^secretsmanager:GetSecretValue /,
    "others put something into the secret that is written over, or a keystore has its password in a stored secret",
  ],
  [
    ["write-secret"],
    /^s3:(ListBucket|ListBucketVersions) |^secretsmanager:RestoreSecret /,
    "the secret was deleted meanwhile, or is in its recovery window",
  ],
];

const stack = connectStack();
let weighed: Weighed;

beforeAll(async () => {
  weighed = await weighCalls(stack);
  process.stdout.write(`${table().join("\n")}\n`);
});

describe("the calls of all integration tests so far", () => {
  it("were made by every function; this file alone shows nothing: run the whole project", () => {
    expect([...weighed.asked.keys()].sort()).toEqual([...functionNames].sort());
    expect(weighed.firstId).toBe(1);
  });

  it("with a tenant's role are to Route 53 only", () => {
    expect(weighed.byTenantRole.length).toBeGreaterThan(0);
    expect([...new Set(weighed.byTenantRole.map(({ service }) => service))]).toEqual(["route53"]);
  });

  it.each(functionNames)("of %s are all allowed by its role", (name) => {
    expect(weighed.reviewed.get(name)?.denied.slice(0, 5)).toEqual([]);
  });

  it("to Route 53 are allowed as well when the zones are listed instead of `*`, and refused for any other zone", async () => {
    const { HostedZones = [] } = await stack.clients.route53.send(new ListHostedZonesCommand({}));
    const zones = HostedZones.filter(({ Config }) => !Config?.PrivateZone).map(
      ({ Id = "" }) => Id.split("/").at(-1) ?? "",
    );
    const listed = readInstalled(synthesize({ zones, http01: {}, dnsPersist: true }).file, weighed.deployed.place);
    for (const name of ["publish-challenge", "check-propagation", "clean-up-challenge"]) {
      const { requests, calls } = weighed.asked.get(name) ?? expect.unreachable();
      const toRoute53 = [...requests].filter(([, { request }]) => request.action.startsWith("route53:"));
      const inOther = toRoute53.filter(
        ([, { request }]) =>
          /hostedzone/.test(request.resource) && !zones.some((id) => request.resource.endsWith(`/${id}`)),
      );
      expect(toRoute53.length).toBeGreaterThan(inOther.length);
      const { denied } = await review(listed, name, { calls, requests: new Map(toRoute53) });
      expect(denied).toEqual(inOther.map(([, one]) => one));
    }
  });
});

describe("what a role grants", () => {
  it.each(functionNames)("to %s was used, or stands in the table above with its reason", (name) => {
    const idle = weighed.reviewed.get(name)?.grants.filter(({ used }) => !used) ?? [];
    const explained = (grant: string) =>
      unused.some(
        ([functions, pattern]) => (functions.includes(name) || functions.includes("*")) && pattern.test(grant),
      );
    expect(idle.map(({ grant }) => grant).filter((grant) => !explained(grant))).toEqual([]);
  });

  it("is what the table above speaks of", () => {
    const grants = [...weighed.reviewed].flatMap(([name, one]) => one.grants.map(({ grant }) => ({ name, grant })));
    const stale = unused.flatMap(([functions, pattern]) =>
      functions.filter((of) => !grants.some(({ name, grant }) => (of === "*" || of === name) && pattern.test(grant))),
    );
    expect(stale).toEqual([]);
  });
});

/** Each function, and what its role grants beyond Lambda's own needs that no call took. */
function table(): string[] {
  return functionNames.flatMap((name) => {
    const { calls, requests } = weighed.asked.get(name) ?? { calls: 0, requests: new Map() };
    const actions = new Set([...requests.values()].map(({ request }) => request.action));
    const grants = weighed.reviewed.get(name)?.grants ?? [];
    const idle = grants.filter(({ used, grant }) => !used && !/^(logs|sqs):/.test(grant));
    const head = `${name.padEnd(20)}${calls} calls, ${actions.size} actions, ${grants.length} grants`;
    return [head, ...idle.map(({ grant }) => `  unused: ${grant}`)];
  });
}
