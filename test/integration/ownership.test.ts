import { CreateSecretCommand, DescribeSecretCommand, GetSecretValueCommand } from "@aws-sdk/client-secrets-manager";
import { beforeAll, describe, expect, it } from "vitest";
import type { Manifest } from "../../local/requests.ts";
import { certificate, openBed, secretKeyOf } from "../support/integration-bed.ts";
import { certwright } from "../support/integration-cli.ts";
import { untilNoTxt } from "../support/integration-dns.ts";
import { leafOf } from "../support/integration-leaf.ts";

const bed = openBed();
const { stack, fresh } = bed;
const { secrets } = stack.clients;
const issuer = fresh("ownership");

beforeAll(() => bed.putIssuer({ name: issuer }));

/** Resolves with what the status says once the secret was refused. */
async function refused(manifest: Manifest): Promise<string> {
  const [row] = await bed.shown([manifest], ({ ready }) => ready?.reason === "SecretOwnedByAnother");
  expect(row?.ready?.status).toBe("False");
  return row?.ready?.message ?? "";
}

/** Everything that a write would change. */
async function lookAt(name: string) {
  const [{ VersionIdsToStages, Tags = [], LastChangedDate }, { SecretString }] = await Promise.all([
    secrets.send(new DescribeSecretCommand({ SecretId: name })),
    secrets.send(new GetSecretValueCommand({ SecretId: name })),
  ]);
  return { VersionIdsToStages, Tags, LastChangedDate, SecretString };
}

const storedAs = (manifest: Manifest) => {
  const { namespace, name } = secretKeyOf(manifest);
  return `${stack.facts.instance}/${namespace}/${name}`;
};

describe("a secret", () => {
  it.concurrent("of another Certificate is refused, and is the second's once the first is deleted", async () => {
    const namespace = fresh("two");
    const wish = { namespace, issuer, secretName: "shared-tls" };
    const first = certificate({ ...wish, name: "first", dnsNames: [`${fresh("first")}.example.test`] });
    const second = certificate({ ...wish, name: "second", dnsNames: [`${fresh("second")}.example.test`] });
    await bed.put([first]);
    await bed.ready([first]);
    const before = await lookAt(storedAs(first));

    await bed.put([second]);
    const message = await refused(second);
    expect(message).toContain("Certificate/first");
    expect(message).toMatch(/choose another spec.secretName, or delete the owner first/);
    expect(await lookAt(storedAs(first))).toEqual(before);

    await stack.delete({ namespace, name: "first" });
    await bed.shown([first], ({ deletedAt }) => deletedAt !== undefined);
    expect(await certwright(stack, ["renew", "second", "-n", namespace])).toMatchObject({ code: 0 });
    await bed.ready([second]);
    const secret = await bed.read(second);
    await stack.verify(secret);
    expect(leafOf(secret).names).toEqual([`${fresh("second")}.example.test`]);
    const { Tags } = await lookAt(storedAs(second));
    expect(Tags).toContainEqual({ Key: "certwright:owner", Value: `${namespace}/Certificate/second` });
    await untilNoTxt(stack, [`${fresh("first")}.example.test`, `${fresh("second")}.example.test`]);
  });

  it.concurrent("that holds an account key is refused to a Certificate, and stays as it is", async () => {
    const namespace = fresh("tenant");
    const role = `arn:aws:iam::${stack.facts.account}:role/certwright-dns`;
    const wish = { namespace, name: "own", solvers: [{ dns01: { route53: { region: "us-east-1", role } } }] };
    await bed.putIssuer(wish);
    const names = { namespace, issuer: "own", issuerKind: "Issuer" } as const;
    const honest = certificate({ ...names, name: "honest", dnsNames: [`${fresh("honest")}.example.test`] });
    const thief = certificate({
      ...names,
      name: "thief",
      secretName: "own-account",
      dnsNames: [`${fresh("thief")}.example.test`],
    });
    const before = await lookAt(storedAs(thief));
    expect(before.SecretString).toContain("PRIVATE KEY");
    await bed.put([honest, thief]);
    const message = await refused(thief);
    expect(message).toContain("Issuer/own");
    expect(message).toContain("choose another spec.secretName");
    expect(await lookAt(storedAs(thief))).toEqual(before);
    await bed.ready([honest]);
  });

  it.concurrent("of a Certificate is refused to an Issuer as its account key", async () => {
    const namespace = fresh("reverse");
    const manifest = certificate({ namespace, name: "web", issuer, dnsNames: [`${fresh("reverse")}.example.test`] });
    await bed.put([manifest]);
    await bed.ready([manifest]);
    const before = await lookAt(storedAs(manifest));
    const role = `arn:aws:iam::${stack.facts.account}:role/certwright-dns`;
    const wish = { namespace, name: "grabbing", accountSecret: "web-tls", solvers: [{ dns01: { route53: { role } } }] };
    await stack.put(bed.issuer(wish));
    const [row] = await bed.shown([bed.issuer(wish)], ({ ready }) => ready?.reason === "SecretOwnedByAnother");
    expect(row?.ready?.message).toContain("Certificate/web");
    expect(await lookAt(storedAs(manifest))).toEqual(before);
  });

  it.concurrent("that a user made is refused and not touched", async () => {
    const namespace = fresh("theirs");
    const manifest = certificate({ namespace, name: "web", issuer, dnsNames: [`${fresh("theirs")}.example.test`] });
    const name = storedAs(manifest);
    await secrets.send(
      new CreateSecretCommand({ Name: name, SecretString: "mine", Tags: [{ Key: "team", Value: "db" }] }),
    );
    const before = await lookAt(name);
    await bed.put([manifest]);
    const message = await refused(manifest);
    expect(message).toContain(name);
    expect(message).toMatch(/no tag certwright:owner/);
    expect(message).toMatch(/Choose another secretName, or move that secret away/);
    expect(await lookAt(name)).toEqual(before);
  });
});
