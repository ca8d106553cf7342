import { GetSecretValueCommand } from "@aws-sdk/client-secrets-manager";
import { Pkcs10CertificateRequest } from "@peculiar/x509";
import { expect } from "vitest";
import type { Manifest } from "../../../local/requests.ts";
import { toRenew } from "../c-objects.ts";
import { secretKeyOf } from "../integration-bed.ts";
import { versionsOf } from "../issuance-counts.ts";
import type { BadCertificate } from "./acme-certificates.ts";
import { type AcmeFront, sends } from "./acme-front.ts";
import { type Bed, type OwnCa, rowOf, tells } from "./acme-rows.ts";
import { dnsNamesOf, inWords, issuedOnce } from "./issued-once.ts";

/** The first certificate is bad: no secret comes into being, reason and next try are shown, `certwright renew` mends it. */
export async function refusesFirstOnStack({ bed, front, issuer, want }: OwnCa, bad: BadCertificate): Promise<string> {
  const wanted = want();
  spoil(front, bad, wanted);
  await bed.put([issuer, wanted]);
  const { row, next } = await tells(bed, wanted, "InvalidCertificate", bad.words);
  expect(row.ready).toMatchObject({ status: "False", reason: "InvalidCertificate" });
  expect(next).toMatch(/^Next try at .*, because of InvalidCertificate\. To try at once: certwright renew /);
  await expect(currentOf(bed, wanted)).rejects.toMatchObject({ name: "ResourceNotFoundException" });
  front.heal();
  await bed.put([toRenew(wanted)]);
  return `InvalidCertificate, no secret; then ${inWords(await issuedOnce(bed, wanted, { orders: 2, attempts: 2 }))}`;
}

/** The renewed certificate is bad: the old secret stays byte for byte and Ready, and the next renewal replaces it. */
export async function refusesRenewalOnStack({ bed, front, issuer, want }: OwnCa, bad: BadCertificate): Promise<string> {
  const wanted = want();
  await bed.put([issuer, wanted]);
  await issuedOnce(bed, wanted);
  const [before, versions] = [await currentOf(bed, wanted), await versionsOf(bed.stack, wanted)];
  spoil(front, bad, wanted);
  await bed.put([toRenew(wanted)]);
  const { row } = await tells(bed, wanted, "InvalidCertificate", bad.words);
  expect(row).toMatchObject({ ready: { status: "True", reason: "Ready" }, revision: 1 });
  expect(await currentOf(bed, wanted)).toEqual(before);
  expect(await versionsOf(bed.stack, wanted)).toEqual(versions);
  front.heal();
  await bed.put([toRenew(wanted)]);
  const seen = await issuedOnce(bed, wanted, { revision: 2, orders: 3, attempts: 3 });
  expect((await rowOf(bed, wanted)).issued?.versionId).not.toBe(before.versionId);
  return `InvalidCertificate, the old secret stayed; then ${inWords(seen)}`;
}

/** Every certificate is bad from now on. */
function spoil(front: AcmeFront, bad: BadCertificate, wanted: Manifest): void {
  const answer = sends((right) => {
    const { csr } = front.asked.findLast(({ action }) => action === "finalize")?.payload ?? {};
    return bad.make({
      csr: new Pkcs10CertificateRequest(new Uint8Array(Buffer.from(String(csr), "base64url"))),
      names: dnsNamesOf(wanted),
      right: right.toString("utf8"),
      now: new Date(),
    });
  });
  front.spoil("certificate", answer, { times: -1 });
}

/** The current value as it lies there, and its version. */
async function currentOf({ stack }: Bed, manifest: Manifest) {
  const { namespace, name } = secretKeyOf(manifest);
  const asked = new GetSecretValueCommand({ SecretId: `${stack.facts.instance}/${namespace}/${name}` });
  const { SecretString: value, VersionId: versionId } = await stack.clients.secrets.send(asked);
  return { value, versionId };
}
