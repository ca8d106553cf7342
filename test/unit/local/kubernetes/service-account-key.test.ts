import { verify } from "node:crypto";
import { describe, expect, it } from "vitest";
import { createServiceAccountKey, signToken } from "../../../../local/kubernetes/service-account-key.ts";

const claims = { namespace: "ops", name: "certwright", uid: "u-1", issuedAt: 1_000, expiresAt: 1_600 };

describe("a token of a ServiceAccount", () => {
  it("says who it is, from when and until when", () => {
    const [header = "", payload = ""] = signToken(createServiceAccountKey(), claims).split(".");
    const decode = (part: string) => JSON.parse(Buffer.from(part, "base64url").toString("utf8"));
    expect(decode(header)).toEqual({ alg: "ES256", typ: "JWT" });
    expect(decode(payload)).toEqual({
      iss: "https://kubernetes.default.svc",
      aud: ["https://kubernetes.default.svc"],
      sub: "system:serviceaccount:ops:certwright",
      iat: 1_000,
      nbf: 1_000,
      exp: 1_600,
      "kubernetes.io": { namespace: "ops", serviceaccount: { name: "certwright", uid: "u-1" } },
    });
  });

  it("is signed by its cluster's key and by no other", () => {
    const [ours, theirs] = [createServiceAccountKey(), createServiceAccountKey()];
    const [header, payload, signature = ""] = signToken(ours, claims).split(".");
    const isBy = ({ publicKey }: { publicKey: string }) =>
      verify(
        "sha256",
        Buffer.from(`${header}.${payload}`),
        { key: publicKey, dsaEncoding: "ieee-p1363" },
        Buffer.from(signature, "base64url"),
      );
    expect([isBy(ours), isBy(theirs)]).toEqual([true, false]);
  });
});
