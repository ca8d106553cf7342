import { beforeAll, describe, expect, it } from "vitest";
import { refusedFor } from "../support/c-issuers.ts";
import { ordersFor } from "../support/c-requests-made.ts";
import { certificate, openBed } from "../support/integration-bed.ts";

const bed = openBed();
const { stack, fresh, id } = bed;
const namespace = fresh("solvers");
const issuer = fresh("solvers");
const deep = `deep-${id}.example.test`;

/** No zone has this id, so a challenge that this solver gets fails, and says so by it. */
const failing = (mark: string) => ({ dns01: { route53: { region: "us-east-1", hostedZoneID: `ZNONE${mark}` } } });
const working = { dns01: { route53: { region: "us-east-1" } } };

const solvers = [
  { selector: { matchLabels: { team: "web" } }, ...failing("LABELS") },
  { selector: { dnsZones: ["example.test"] }, ...working },
  { selector: { dnsZones: [deep] }, ...failing("DEEP") },
  { selector: { dnsZones: ["example.test"], matchLabels: { tier: "edge" } }, ...failing("BOTH") },
  { selector: { dnsNames: [`named.${deep}`, `*.${deep}`] }, ...working },
  { selector: { dnsNames: [`wild-${id}.example.test`, `named-${id}.example.test`] }, ...failing("NAMED") },
];

const picks: [title: string, dnsName: string, labels: Record<string, string>, picked: string][] = [
  ["matchLabels over nothing else", `www-${id}.other.test`, { team: "web" }, "ZNONELABELS"],
  ["dnsZones over matchLabels", `zone-${id}.example.test`, { team: "web" }, "working"],
  ["the longest of dnsZones", `www.${deep}`, {}, "ZNONEDEEP"],
  ["dnsZones with matchLabels over dnsZones alone", `edge-${id}.example.test`, { tier: "edge" }, "ZNONEBOTH"],
  ["dnsNames over the longest of dnsZones", `named.${deep}`, {}, "working"],
  ["dnsNames over matchLabels and dnsZones", `named-${id}.example.test`, { team: "web", tier: "edge" }, "ZNONENAMED"],
  ["dnsNames for the wildcard that it lists", `*.${deep}`, {}, "working"],
  ["dnsNames not for a wildcard of a name that it lists", `*.wild-${id}.example.test`, {}, "working"],
];
const labelled = (index: number, dnsName: string, labels: Record<string, string>) => {
  const wanted = certificate({ namespace, name: `pick-${index}`, issuer, dnsNames: [dnsName] });
  return { ...wanted, metadata: { ...wanted.metadata, labels } };
};
const wanted = picks.map(([, dnsName, labels], index) => labelled(index, dnsName, labels));
const unserved = labelled(picks.length, `www-${id}.nobody.test`, {});

beforeAll(async () => {
  await bed.putIssuer({ name: issuer, solvers });
  await bed.put([...wanted, unserved]);
});

describe("of an issuer's solvers", () => {
  it.concurrent.each(picks.map((pick, index) => [...pick, index] as const))(
    "it picks %s",
    async (_title, _name, _labels, picked, index) => {
      const manifest = wanted[index] ?? expect.unreachable();
      if (picked === "working") await bed.ready([manifest]);
      else expect(await refusedFor(bed, manifest, "HostedZoneNotFound")).toContain(picked);
    },
  );

  it.concurrent("it refuses a name that none serves, and keeps the order for the time one does", async () => {
    const message = await refusedFor(bed, unserved, "NoSolver");
    expect(message).toContain(`no solver of ClusterIssuer "${issuer}" matches www-${id}.nobody.test`);
    expect(message).toContain("add a solver, or widen a selector in spec.acme.solvers");
    expect(await ordersFor(stack, `www-${id}.nobody.test`)).toBe(1);
  });
});
