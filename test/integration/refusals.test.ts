import { beforeAll, describe, expect, it } from "vitest";
import type { Manifest } from "../../local/requests.ts";
import { certificate, openBed } from "../support/integration-bed.ts";
import { certwright } from "../support/integration-cli.ts";
import { createZone, untilNoTxt } from "../support/integration-dns.ts";
import { executionsOf } from "../support/integration-executions.ts";

const bed = openBed();
const { stack, fresh, id } = bed;
const namespace = fresh("refusals");
const issuer = fresh("refusals");
const twice = `${fresh("twice")}.test`;
const nowhere = `${fresh("nowhere")}.test`;

const ask = (name: string, dnsNames: string[]) => certificate({ namespace, name, issuer, dnsNames });
const good = [
  ask("good-one", [`good-one-${id}.example.test`]),
  ask("good-two", [`*.good-two-${id}.example.test`, `good-two-${id}.example.test`]),
];
const challenge = ask("challenge", [`www.${twice}`]);
// Its first name has a zone, so a record of it is published.
const zone = ask("zone", [`zone-${id}.example.test`, `www.${nowhere}`]);
const secret = ask("secret", [`secret-${id}.example.test`]);
const all = [...good, challenge, zone, secret];

let notAllowed = "";

beforeAll(async () => {
  // Two public zones of one name: records go to the second, and the domain is delegated to the first.
  await createZone(stack, twice);
  const hostedZoneID = await createZone(stack, twice);
  const answer = { status: 400, code: "AccessDeniedException", message: "not authorized to perform CreateSecret" };
  const contains = `${stack.facts.instance}/${namespace}/secret-tls`;
  notAllowed = await stack.refuse({ action: "CreateSecret", contains }, { times: -1, answer });
  await bed.put(all);
  await bed.shown(all, ({ ready }) => ready?.reason === "IssuerNotFound");
  await bed.putIssuer({
    name: issuer,
    solvers: [
      { dns01: { route53: { region: "us-east-1" } } },
      { selector: { dnsZones: [twice] }, dns01: { route53: { region: "us-east-1", hostedZoneID } } },
    ],
  });
  await bed.shown(all, ({ ready }) => ready?.reason !== "IssuerNotFound" && ready?.reason !== "DoesNotExist");
});

const refusals: [title: string, manifest: Manifest, reason: string, message: RegExp, fix: RegExp][] = [
  [
    "a challenge that the CA refuses",
    challenge,
    "ChallengeRefused",
    /www\.twice-.*TXT/is,
    /check that the zone is delegated/,
  ],
  [
    "a zone that does not exist",
    zone,
    "HostedZoneNotFound",
    /_acme-challenge\.www\.nowhere-/,
    /Create the public zone/,
  ],
  ["a secret we may not write", secret, "SecretAccessDenied", /secretsmanager:CreateSecret/, /Allow/],
];

describe("in one batch with two good Certificates", () => {
  it.concurrent.each(refusals)(
    "%s is Ready=False with reason, fix and next try",
    async (_, manifest, reason, message, fix) => {
      const { name } = manifest.metadata;
      const [shown] = await bed.shown([manifest], ({ ready }) => ready?.reason === reason);
      expect(shown?.ready).toMatchObject({ status: "False", message: expect.stringMatching(message) });
      const { code, stdout } = await certwright(stack, ["describe", "certificate", name, "-n", namespace]);
      expect(code).toBe(0);
      expect(stdout).toMatch(new RegExp(`Ready +False +${reason}`));
      expect(stdout).toMatch(message);
      expect(stdout).toMatch(fix);
      expect(stdout).toMatch(/Next:\n.*(Next try|goes on) at \d{4}-\d\d-\d\dT[\d:]+Z \(in [\dhms]+\)/);
      await untilNoTxt(stack, (manifest.spec as { dnsNames: string[] }).dnsNames);
    },
  );

  it.concurrent("these two are Ready after one attempt, in the only execution", async () => {
    await bed.ready(good);
    for (const { metadata } of good) {
      const attempts = await stack.state.attemptsOf({ namespace, kind: "Certificate", name: metadata.name });
      expect(attempts.map(({ outcome }) => outcome?.result)).toEqual(["issued"]);
      await stack.verify(await stack.secret({ namespace, name: `${metadata.name}-tls` }));
    }
    await untilNoTxt(
      stack,
      good.flatMap(({ spec }) => (spec as { dnsNames: string[] }).dnsNames),
    );
    const executions = (await executionsOf(stack, namespace)).filter(({ certificates }) =>
      certificates.some((certificate) => certificate.startsWith(`${namespace}/good-`)),
    );
    expect(executions.map(({ certificates }) => certificates.toSorted())).toEqual([
      all.map(({ metadata }) => `${namespace}/${metadata.name}`).toSorted(),
    ]);
  });
});

describe("a secret we may write at last", () => {
  it("is written with what was issued: the same order, and no record any more", async () => {
    const [name = ""] = (secret.spec as { dnsNames: string[] }).dnsNames;
    const since = Date.now();
    await stack.removeFault(notAllowed);
    expect(await certwright(stack, ["renew", "secret", "-n", namespace])).toMatchObject({ code: 0 });
    await bed.ready([secret]);
    await stack.verify(await bed.read(secret));
    expect(await stack.count({ action: "newOrder", status: 201, contains: name })).toBe(1);
    expect(
      await stack.count({ action: "ChangeResourceRecordSets", function: "publish-challenge", contains: name, since }),
    ).toBe(0);
  });
});
