import { expect, it } from "vitest";
import { keyInSecret } from "../../../core/account-key.ts";
import { newKeyPem } from "../../support/acme-bed.ts";
import { thumbprintOf } from "../../support/thumbprint.ts";

it("a step takes the key that State has, of the two that are stored while it is changed", async () => {
  const [old, next] = [await newKeyPem(), await newKeyPem()];
  const both = JSON.stringify({ "tls.key": old, "tls.key.next": next });
  expect(keyInSecret(both, "s", "tls.key", thumbprintOf(old))).toBe(old);
  expect(keyInSecret(both, "s", "tls.key", thumbprintOf(next))).toBe(next);
  expect(keyInSecret(JSON.stringify({ "tls.key": next }), "s", "tls.key", thumbprintOf(old))).toBe(next);
  expect(keyInSecret(both, "s", "tls.key")).toBe(old);
  expect(() => keyInSecret(JSON.stringify({ "tls.key.next": next }), "s", "tls.key")).toThrow("no private key in PEM");
});
