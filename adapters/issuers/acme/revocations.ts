import type { AcmeIssuer, RevokeRequest } from "../../../core/acme-port.ts";
import { isRefusalOf, RefusedError } from "../../../core/errors.ts";
import type { Session } from "./session.ts";

/** Revocation (RFC 8555 7.6). */
export function acmeRevocations(session: Session): Pick<AcmeIssuer, "revoke"> {
  return {
    revoke: (request) =>
      revoke(session, request).catch((error: unknown) => {
        if (!isRefusalOf(error, "AlreadyRevoked")) throw error;
      }),
  };
}

async function revoke(session: Session, { certificateDer, reasonCode, certificateKeyPem }: RevokeRequest) {
  const { revokeCert } = await session.directory();
  if (revokeCert === undefined) throw notOffered();
  const payload = { certificate: Buffer.from(certificateDer).toString("base64url"), reason: reasonCode };
  if (certificateKeyPem === undefined) await session.post(revokeCert, payload, "revocation");
  else await session.postBy(certificateKeyPem, revokeCert, payload, "revocation");
}

function notOffered(): RefusedError {
  return new RefusedError({
    reason: "RevocationNotOffered",
    message: "The CA's directory has no revokeCert.",
    fix: "Ask the CA to revoke the certificate.",
  });
}
