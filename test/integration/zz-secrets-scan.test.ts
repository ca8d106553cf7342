import { createPrivateKey, randomBytes } from "node:crypto";
import { CreateSecretCommand } from "@aws-sdk/client-secrets-manager";
import { GetQueueUrlCommand, SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { beforeAll, describe, expect, it } from "vitest";
import type { Manifest } from "../../local/requests.ts";
import { readHaystack } from "../support/haystack.ts";
import { certificate, openBed } from "../support/integration-bed.ts";
import { leafOf } from "../support/integration-leaf.ts";
import { attemptsOf } from "../support/issuance-counts.ts";
import { secretNumbers, secretText, storedKeys } from "../support/known-secrets.ts";
import { knownPlants, type Plant, strangers } from "../support/planted-secrets.ts";
import { findSecrets, type Hay, type Needle } from "../support/secret-scan.ts";
import { twoMinutes } from "../support/two-minutes.ts";

const bed = openBed();
const { stack, fresh, id } = bed;
const { keyId, hmacKey } = stack.facts.externalAccount;
const bearer = `certwright-test.${randomBytes(30).toString("base64url")}`;
const secrets = { binding: fresh("binding"), account: fresh("no-key") };
const wanted = certificate({
  name: fresh("scan"),
  issuer: fresh("bound"),
  dnsNames: [`${fresh("scan")}.example.test`],
});
const name = wanted.metadata.name;

let hay: Hay[] = [];
let needles: Needle[] = [];
/** What every source says when it was really read. */
const marks = new Map<string, string>();

/** An issuer with an external account whose HMAC is under that key of the stored secret. */
function bound(issuer: string, key: string, accountSecret = `${issuer}-account`): Manifest {
  const manifest = bed.issuer({ name: issuer, accountSecret });
  const { acme } = manifest.spec as { acme: object };
  const externalAccountBinding = { keyID: keyId, keySecretRef: { name: secrets.binding, key } };
  return { ...manifest, spec: { acme: { ...acme, externalAccountBinding } } };
}

function storeSecret(secretName: string, value: object): Promise<unknown> {
  const Name = `${stack.facts.instance}/_cluster/${secretName}`;
  return stack.clients.secrets.send(new CreateSecretCommand({ Name, SecretString: JSON.stringify(value) }));
}

// Issuers that read the HMAC, a bearer token in its place, and one in the place of a key; the last two are refused.
async function useSecrets(): Promise<void> {
  await storeSecret(secrets.binding, { hmac: hmacKey, token: bearer });
  await storeSecret(secrets.account, { "tls.key": bearer });
  const good = bound(fresh("bound"), "hmac");
  const refused = [
    bound(fresh("token"), "token"),
    bound(fresh("missing"), "none"),
    bound(fresh("keyless"), "hmac", secrets.account),
  ];
  await bed.put([good, ...refused, wanted]);
  await bed.ready([good, wanted]);
  await bed.shown(refused, ({ ready }) => ready?.status === "False");
}

beforeAll(async () => {
  await useSecrets();
  const sqs = new SQSClient(stack.clients.settings);
  const { QueueUrl } = await sqs.send(new GetQueueUrlCommand({ QueueName: `${stack.facts.instance}-dead-letters` }));
  await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: `a letter of the test ${id}` }));
  const [attempt] = await attemptsOf(stack, wanted);
  const secret = await bed.read(wanted);
  const attemptId = attempt?.ref.attemptId ?? "";
  for (const source of ["execution histories", "logs", "state table"]) marks.set(source, attemptId);
  marks.set("requests table", name).set("bus events", leafOf(secret).fingerprint).set("dead letters", id);
  marks.set("dns records", "example.test").set("metrics", "MetricName").set("lambda environments", "REQUESTS_TABLE");
  marks
    .set("cdk output", "AWS::Lambda::Function")
    .set("recorded calls", `_acme-challenge.${name}`)
    .set("run logs", name);
  marks.set("test log", "00-renewals-begin.test.ts");
  needles = [
    ...(await storedKeys(stack)),
    ...secretText("the HMAC of the external account", hmacKey),
    ...secretText("the bearer token", bearer),
  ];
  hay = await readHaystack(stack, twoMinutes.everything);
});

/** A copy of some hay, cut to what is searched at once, with the plant in its middle. */
function withPlant(index: number, { bytes }: Plant): Hay {
  const { source, bytes: all } = hay[index % hay.length] ?? expect.unreachable();
  const some = all.subarray(0, 200_000);
  const middle = Math.floor(some.length / 2);
  const quote = Buffer.from('"');
  return { source, bytes: Buffer.concat([some.subarray(0, middle), quote, bytes, quote, some.subarray(middle)]) };
}

describe("the scan", () => {
  it("reads every place", () => {
    const unread = hay.filter(({ source, bytes }) => !bytes.includes(marks.get(source) ?? expect.unreachable(source)));
    expect(unread.map(({ source }) => source)).toEqual([]);
    const alone = process.env.CERTWRIGHT_TEST_LOG === undefined ? ["test log"] : [];
    expect([...hay.map(({ source }) => source), ...alone].toSorted()).toEqual([...marks.keys()].toSorted());
  });

  it("knows the keys of accounts and certificates", () => {
    const labels = needles.map(({ label }) => label);
    expect(labels).toContain(`the key of ${stack.facts.instance}/_cluster/pebble-account`);
    expect(labels).toContain(`the key of ${stack.facts.instance}/default/${name}-tls`);
  });

  it("finds no private key, account key, HMAC or bearer token", () => {
    expect(findSecrets(hay, needles)).toEqual([]);
  });

  it.each(strangers)("would find $title", (plant) => {
    const planted = withPlant(strangers.indexOf(plant), plant);
    expect(findSecrets([planted], [])).toContainEqual({ source: planted.source, what: plant.what });
  });

  it("would find each secret that is in use, however it was written", async () => {
    const account = await stack.secret({ namespace: "_cluster", name: "pebble-account" });
    const issued = await bed.read(wanted);
    const known = [
      ...secretNumbers("the account key", createPrivateKey(account["tls.key"] ?? "")),
      ...secretNumbers("a certificate's key", createPrivateKey(issued["tls.key"] ?? "")),
      ...secretText("the HMAC", hmacKey),
      ...secretText("the bearer token", bearer),
    ];
    const plants = knownPlants(known);
    expect(plants.length).toBeGreaterThan(15);
    for (const [index, plant] of plants.entries()) {
      const planted = withPlant(index, plant);
      const found = findSecrets([planted], known);
      expect(found, plant.title).toContainEqual({ source: planted.source, what: plant.what });
    }
  });
});
