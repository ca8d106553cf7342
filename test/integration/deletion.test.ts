import { DescribeSecretCommand } from "@aws-sdk/client-secrets-manager";
import { beforeAll, describe, expect, it } from "vitest";
import type { Manifest } from "../../local/requests.ts";
import { certificate, openBed, secretKeyOf } from "../support/integration-bed.ts";
import { certwright } from "../support/integration-cli.ts";
import { untilNoTxt } from "../support/integration-dns.ts";
import { executionsOf } from "../support/integration-executions.ts";
import { catchFacts, faultsOf } from "../support/integration-facts.ts";
import { leafOf } from "../support/integration-leaf.ts";
import { sendOrder } from "../support/integration-orders.ts";

const bed = openBed();
const { stack, fresh } = bed;
const issuer = fresh("deletion");
const namespace = fresh("deletion");

const ask = (name: string, annotations: Record<string, string> = {}) =>
  certificate({ namespace, name, issuer, dnsNames: [`${fresh(name)}.example.test`], annotations });
const keep = ask("keep");
const policy = { "certwright.dev/deletion-policy": "delete", "certwright.dev/recovery-window-days": "7" };
const drop = ask("drop", policy);
const broken = {
  ...ask("broken"),
  spec: { ...(ask("broken").spec as object), dnsNames: [`www.${fresh("none")}.test`] },
};
let facts: Awaited<ReturnType<typeof catchFacts>>;

beforeAll(async () => {
  facts = await catchFacts(stack, namespace);
  await bed.putIssuer({ name: issuer });
  await bed.put([keep, drop, broken]);
});

const describeSecret = (manifest: Manifest) => {
  const key = secretKeyOf(manifest);
  return stack.clients.secrets.send(
    new DescribeSecretCommand({ SecretId: `${stack.facts.instance}/${key.namespace}/${key.name}` }),
  );
};

const gone = (manifest: Manifest) => bed.shown([manifest], ({ deletedAt }) => deletedAt !== undefined);

describe("a deleted Certificate", () => {
  it.concurrent("by an order on the bus leaves its secret, and nothing is renewed any more", async () => {
    await bed.ready([keep]);
    const before = await bed.read(keep);
    await sendOrder(stack, "Certificate Deletion Requested", namespace, { name: "keep" });
    const [row] = await gone(keep);
    expect(row).not.toHaveProperty("dueAt");
    expect(row).not.toHaveProperty("dueLane");
    await stack.sweep();
    expect(await bed.read(keep)).toEqual(before);
    const { DeletedDate, Tags } = await describeSecret(keep);
    expect(DeletedDate).toBeUndefined();
    expect(Tags).toContainEqual({ Key: "certwright:owner", Value: `${namespace}/Certificate/keep` });
    const told = await facts.next("Certificate Deleted", "keep");
    expect(told).toMatchObject({ revision: 1, secretName: "keep-tls", secretKept: true });
    const executions = (await executionsOf(stack, namespace)).filter(({ certificates }) =>
      certificates.includes(`${namespace}/keep`),
    );
    expect(executions).toHaveLength(1);
  });

  it.concurrent("takes its secret along when an annotation says so, and finds it again when it is created anew", async () => {
    await bed.ready([drop]);
    const old = await bed.read(drop);
    const { ARN, VersionIdsToStages = {} } = await describeSecret(drop);
    const [versionId = ""] = Object.keys(VersionIdsToStages);
    expect(await certwright(stack, ["delete", "certificate", "drop", "-n", namespace])).toMatchObject({ code: 0 });
    await gone(drop);
    expect((await describeSecret(drop)).DeletedDate).toBeInstanceOf(Date);
    const [call] = await stack.calls({ action: "DeleteSecret", contains: `${namespace}/drop-tls` });
    expect(call?.parameters).toMatchObject({ RecoveryWindowInDays: 7 });
    await expect(bed.read(drop)).rejects.toMatchObject({ name: "InvalidRequestException" });
    const told = await facts.next("Certificate Deleted", "drop");
    expect(told).toMatchObject({ secretArn: ARN, secretKept: false });

    await bed.put([drop]);
    await bed.ready([drop]);
    const secret = await bed.read(drop);
    await stack.verify(secret);
    expect(leafOf(secret).serialNumber).not.toBe(leafOf(old).serialNumber);
    const restored = await describeSecret(drop);
    expect(restored.ARN).toBe(ARN);
    expect(restored.DeletedDate).toBeUndefined();
    const { [versionId]: oldStages, ...newer } = restored.VersionIdsToStages ?? {};
    expect(oldStages).toEqual(["AWSPREVIOUS"]);
    expect(Object.values(newer)).toEqual([expect.arrayContaining(["AWSCURRENT"])]);
    await untilNoTxt(stack, [`${fresh("drop")}.example.test`]);
  });
});

describe("facts on the bus", () => {
  it.concurrent("tell what was issued, enough to copy the secret without State", async () => {
    const told = await facts.next("Certificate Issued", "keep");
    const { ARN, VersionIdsToStages = {} } = await describeSecret(keep);
    const [versionId] = Object.keys(VersionIdsToStages);
    const { fingerprint } = leafOf(await bed.read(keep));
    expect(told).toMatchObject({ revision: 1, secretName: "keep-tls", secretArn: ARN, versionId, fingerprint });
  });

  it.concurrent("tell what failed, why, and when it is tried again", async () => {
    const told = await facts.next("Certificate Issuance Failed", "broken");
    expect(told).toMatchObject({
      revision: 1,
      reason: "HostedZoneNotFound",
      errorClass: "RefusedError",
      failedIssuanceAttempts: 1,
      nextTry: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
    });
  });
});

describe("every fact", () => {
  it("is what docs/events promises", async () => {
    await facts.next("Certificate Issued", "drop", ({ secretName }) => secretName === "drop-tls");
    const types = new Set(facts.caught.map(({ type }) => type));
    expect(types).toEqual(new Set(["Certificate Issued", "Certificate Issuance Failed", "Certificate Deleted"]));
    expect(facts.caught.flatMap(faultsOf)).toEqual([]);
  });
});
