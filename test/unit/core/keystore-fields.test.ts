import { describe, expect, it } from "vitest";
import { parseCertificate } from "../../../core/request.ts";
import { goodCertificate } from "../../support/good-objects.ts";

function keystoresOf(keystores: object) {
  const parsed = parseCertificate(goodCertificate({ keystores }));
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
  return parsed.resource.spec.keystores;
}

const password = "changeit";
const literal = { literal: password };

describe("spec.keystores", () => {
  it.each<[string, object, unknown]>([
    [
      "cert-manager's alias and profile",
      { jks: { create: true, password }, pkcs12: { create: true, password } },
      {
        jks: { alias: "certificate", password: literal },
        pkcs12: { profile: "LegacyRC2", password: literal },
      },
    ],
    [
      "an alias in lower case, as Java looks it up",
      { jks: { create: true, password, alias: "Web-1" } },
      {
        jks: { alias: "web-1", password: literal },
      },
    ],
    [
      "a profile",
      { pkcs12: { create: true, password, profile: "Modern2023" } },
      {
        pkcs12: { profile: "Modern2023", password: literal },
      },
    ],
    [
      "a password by reference",
      { jks: { create: true, passwordSecretRef: { name: "pw", key: "jks" } } },
      {
        jks: { alias: "certificate", password: { secretRef: { name: "pw", key: "jks" } } },
      },
    ],
    [
      "what is not to be made as absent",
      { jks: { create: false, password }, pkcs12: { create: true, password } },
      {
        pkcs12: { profile: "LegacyRC2", password: literal },
      },
    ],
    ["none at all as absent", { jks: { create: false, password } }, undefined],
  ])("is read with %s", (_what, keystores, expected) => {
    expect(keystoresOf(keystores)).toEqual(expected);
  });
});
