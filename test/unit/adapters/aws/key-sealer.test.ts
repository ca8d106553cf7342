import { describe, expect, it } from "vitest";
import { kmsSealer } from "../../../../adapters/aws/key-sealer.ts";
import { testKeySealer } from "../../../contract/key-sealer.ts";
import { fakeKms } from "../../../support/fake-kms.ts";
import { newFaults } from "../../../support/faults.ts";

const keyId = "arn:aws:kms:eu-west-1:111122223333:key/k";
const ref = { namespace: "web", name: "www", attemptId: "0b5f4f5e-6f1c-4a56-8f0e-3f1f2a6f7b10" };
const key = new Uint8Array([1, 2, 3]);

const { client } = fakeKms(keyId);
testKeySealer("AWS KMS", (instance) => kmsSealer({ client, keyId, instance }));

describe("kmsSealer", () => {
  it("asks for a data key in the context of instance, namespace and attempt, and of nothing else", async () => {
    const { sealer, kms } = setUp();
    await sealer.seal(key, ref);
    expect(kms.contexts).toEqual([{ instance: "certwright", namespace: "web", attempt: ref.attemptId }]);
  });

  it("wipes every data key it was given", async () => {
    const { sealer, kms } = setUp();
    await sealer.open(await sealer.seal(key, ref), ref);
    expect(kms.handedOut).toHaveLength(2);
    for (const buffer of kms.handedOut) expect(buffer).toEqual(new Uint8Array(32));
  });

  it("wipes the data key when the sealed bytes do not open", async () => {
    const { sealer, kms } = setUp();
    const sealed = await sealer.seal(key, ref);
    await expect(sealer.open({ ...sealed, tag: sealed.iv }, ref)).rejects.toThrow();
    expect(kms.handedOut.at(-1)).toEqual(new Uint8Array(32));
  });

  it.each([
    ["AccessDeniedException", "kms is not allowed", "RefusedError", "KeyAccessDenied"],
    ["DisabledException", "key is disabled", "RefusedError", "KeyUnusable"],
    ["KMSInvalidStateException", "key is pending deletion", "RefusedError", "KeyUnusable"],
    ["ThrottlingException", "slower", "UnavailableError", "Throttled"],
    ["KeyUnavailableException", "later", "UnavailableError", "ServiceUnavailable"],
  ])("turns %s into its named error, which does not end the attempt", async (thrown, message, name, reason) => {
    for (const verb of ["seal", "open"] as const) {
      const { sealer, faults } = setUp();
      const sealed = await sealer.seal(key, ref);
      faults.breakCall(1, "before", Object.assign(new Error(message), { name: thrown }));
      const error = await (verb === "seal" ? sealer.seal(key, ref) : sealer.open(sealed, ref)).catch(
        (caught) => caught,
      );
      expect(error).toMatchObject({ name, reason, message: expect.stringContaining(keyId) });
      expect(error.endsAttempt ?? false).toBe(false);
    }
  });
});

function setUp() {
  const faults = newFaults();
  const kms = fakeKms(keyId, faults.around);
  return { faults, kms, sealer: kmsSealer({ client: kms.client, keyId, instance: "certwright" }) };
}
