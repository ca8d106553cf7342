import { beforeAll, describe, expect, it } from "vitest";
import type { Manifest } from "../../local/requests.ts";
import { goldenCertificates, goldenIssuers } from "../support/golden/corpus.ts";
import { type GoVerdict, goVerdicts } from "../support/golden/go.ts";
import { expectedView, type IssuedSecret, opensslView } from "../support/golden/openssl.ts";
import { openBed } from "../support/integration-bed.ts";

const bed = openBed();
const namespace = bed.fresh("golden");
// Some of each sort; those that others are signed by come along.
const chosen = [
  ...["ca", "intermediate", "ed25519-ca", "self-signed-leaf", "minimal", "issuer-intermediate", "issuer-ed25519"],
  ...["subject-csv", "literal-multi-valued", "names-of-all-kinds", "usages-all-extended", "ca-with-constraints"],
  ...["key-ecdsa-521-pkcs8", "exhausting"],
];
const corpus = goldenCertificates().filter(({ name }) => chosen.includes(name));
const files = corpus.map((golden) => [golden.name, golden] as const);
const apiVersion = "cert-manager.io/v1";
const certificates: Manifest[] = corpus.map(({ name, spec }) => ({
  apiVersion,
  kind: "Certificate",
  metadata: { namespace, name },
  spec: { ...spec },
}));
const secrets = new Map<string, IssuedSecret>();
let go = new Map<string, GoVerdict>();

beforeAll(async () => {
  await bed.put(
    goldenIssuers()
      .filter(({ kind }) => kind === "Issuer")
      .map(({ kind, name, spec }) => ({ apiVersion, kind, metadata: { namespace, name }, spec })),
  );
  await bed.put(certificates);
  await bed.ready(certificates, 150_000);
  for (const manifest of certificates) secrets.set(manifest.metadata.name, (await bed.read(manifest)) as IssuedSecret);
  go = await goVerdicts(secrets);
});

describe("a Certificate of the golden corpus, put in no order, gets from the real stack", () => {
  it.each(files)("%s: the keys and annotations of cert-manager", (name, { secret: expected }) => {
    const { metadata, ...values } = secrets.get(name) ?? {};
    expect(Object.keys(values).sort()).toEqual(expected.keys);
    const { annotations, labels } = metadata as unknown as { annotations: object; labels: object };
    expect({ annotations, labels }).toEqual({ annotations: expected.annotations, labels: expected.labels });
  });

  it.each(files)("%s: the certificate of cert-manager, as Go and openssl read it", async (name, { x509 }) => {
    expect(go.get(name)).toEqual({ x509 });
    expect(await opensslView(secrets.get(name) ?? {})).toEqual(expectedView(x509));
  });
});
