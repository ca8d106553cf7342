import { beforeAll, describe, expect, it } from "vitest";
import { certificate, openBed } from "../support/integration-bed.ts";
import { createZone, untilNoTxt, zoneNamed } from "../support/integration-dns.ts";
import { leafOf } from "../support/integration-leaf.ts";

const bed = openBed();
const { stack, fresh, id } = bed;
const issuer = fresh("names");
const [shop, mail] = [`${fresh("shop")}.test`, `${fresh("mail")}.test`];
const sub = `${fresh("sub")}.example.test`;

// Each asks for these names; the last column is what the certificate says, when it is not the same.
const cases: [title: string, name: string, dnsNames: string[], issued?: string[]][] = [
  ["one name", "one", [`one-${id}.example.test`]],
  ["a wildcard", "wildcard", [`*.wildcard-${id}.example.test`]],
  ["apex and wildcard of a zone in one", "apex", [shop, `*.${shop}`]],
  ["a label of 63 characters", "label", [`${"a".repeat(56)}-${id}.example.test`]],
  [
    "U-labels, as A-labels",
    "idn",
    [`Bücher.idn-${id}.example.test`, `*.例え.idn-${id}.example.test`],
    [`xn--bcher-kva.idn-${id}.example.test`, `*.xn--r8jz45g.idn-${id}.example.test`],
  ],
  ["100 names", "hundred", Array.from({ length: 100 }, (_, index) => `n${index}.hundred.${mail}`)],
  ["names of three zones in one", "zones", [`www.${shop}`, `*.${mail}`, `zones-${id}.example.test`]],
  ["a zone inside another", "overlap", [`www.${sub}`, `www.deep.${sub}`, `overlap-${id}.example.test`]],
];
const manifests = new Map(
  cases.map(([, name, dnsNames]) => [name, certificate({ name: fresh(name), issuer, dnsNames })]),
);
let subZone = "";

beforeAll(async () => {
  const [, , created] = await Promise.all([createZone(stack, shop), createZone(stack, mail), createZone(stack, sub)]);
  subZone = created;
  await Promise.all([createZone(stack, sub, true), createZone(stack, `deep.${sub}`, true)]);
  await bed.putIssuer({ name: issuer });
  await bed.put([...manifests.values()]);
});

describe("a Certificate for", () => {
  it.concurrent.each(cases)(
    "%s becomes a secret that openssl verifies",
    async (_, name, dnsNames, issued = dnsNames) => {
      const manifest = manifests.get(name) ?? expect.unreachable();
      await bed.ready([manifest]);
      const secret = await bed.read(manifest);
      await stack.verify(secret);
      expect(leafOf(secret).names).toEqual([...issued].sort());
      await untilNoTxt(stack, issued);
    },
  );

  it.concurrent("names of overlapping zones is proven in the innermost public one; private zones are skipped", async () => {
    await bed.ready([manifests.get("overlap") ?? expect.unreachable()]);
    const zoneOf = async (name: string) => {
      const contains = `_acme-challenge.${name}`;
      const calls = await stack.calls({ action: "ChangeResourceRecordSets", function: "publish-challenge", contains });
      const paths = calls.map(({ parameters }) => (parameters as { path: string }).path);
      return new Set(paths.map((path) => path.split("/").at(-2) || path.split("/").at(-3)));
    };
    expect(await zoneOf(`www.${sub}`)).toEqual(new Set([subZone]));
    expect(await zoneOf(`www.deep.${sub}`)).toEqual(new Set([subZone]));
    expect(await zoneOf(`overlap-${id}.example.test`)).toEqual(new Set([await zoneNamed(stack, "example.test")]));
  });
});
