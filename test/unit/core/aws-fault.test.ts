import { describe, expect, it } from "vitest";
import type { AwsCall } from "../../../core/aws-fault.ts";
import { awsErrorName, awsFault, awsStatus } from "../../../core/aws-fault.ts";
import { classOf, RefusedError } from "../../../core/errors.ts";

const call: AwsCall = {
  service: "Secrets Manager",
  action: "secretsmanager:PutSecretValue",
  resource: "certwright/web/www-tls",
  subject: "Secret",
};

function sdkError(name: string, extra: Record<string, unknown> = {}): Error {
  return Object.assign(new Error(String(extra.message ?? "said AWS")), { name, ...extra });
}

describe("awsFault", () => {
  it.each([
    ["a missing right", sdkError("AccessDeniedException"), "RefusedError", "SecretAccessDenied"],
    ["a HEAD that S3 answers with 403 and no body", sdkError("403", status(403)), "RefusedError", "SecretAccessDenied"],
    [
      "a missing right on the key, told by the service in front of it",
      sdkError("AccessDeniedException", { message: "Access to KMS is not allowed" }),
      "RefusedError",
      "SecretKeyAccessDenied",
    ],
    [
      "a missing right on the key, told by its action",
      sdkError("AccessDenied", { message: "User x is not authorized to perform: kms:GenerateDataKey", ...status(403) }),
      "RefusedError",
      "SecretKeyAccessDenied",
    ],
    ["KMS refusing the caller", sdkError("KMSAccessDeniedException"), "RefusedError", "SecretKeyAccessDenied"],
    ["a disabled key", sdkError("KMS.DisabledException", status(400)), "RefusedError", "SecretKeyUnusable"],
    ["a key in a wrong state", sdkError("KMSInvalidStateException"), "RefusedError", "SecretKeyUnusable"],
    [
      "Secrets Manager unable to encrypt",
      sdkError("EncryptionFailure", status(400)),
      "RefusedError",
      "SecretKeyUnusable",
    ],
    ["a quota", sdkError("LimitExceededException", status(400)), "RefusedError", "SecretQuotaExceeded"],
    ["throttling", sdkError("ThrottlingException", status(400)), "UnavailableError", "Throttled"],
    ["throttling by name of the other services", sdkError("TooManyRequestsException"), "UnavailableError", "Throttled"],
    ["S3's throttling", sdkError("SlowDown", status(503)), "UnavailableError", "Throttled"],
    [
      "throttling that the SDK recognised",
      sdkError("Odd", { $retryable: { throttling: true } }),
      "UnavailableError",
      "Throttled",
    ],
    ["KMS throttling behind a service", sdkError("KMSThrottlingException"), "UnavailableError", "Throttled"],
    ["an internal error", sdkError("InternalServiceError", status(500)), "UnavailableError", "ServiceUnavailable"],
    ["KMS failing inside", sdkError("KMSInternalException", status(500)), "UnavailableError", "ServiceUnavailable"],
    ["any 5xx", sdkError("Whatever", status(503)), "UnavailableError", "ServiceUnavailable"],
    ["a time-out", sdkError("TimeoutError"), "UnavailableError", "ServiceUnavailable"],
    ["a reset connection", sdkError("Error", { code: "ECONNRESET" }), "UnavailableError", "ServiceUnavailable"],
    [
      "a network fault as its cause",
      sdkError("Error", { cause: { code: "EPIPE" } }),
      "UnavailableError",
      "ServiceUnavailable",
    ],
    [
      "credentials that have run out",
      sdkError("ExpiredTokenException", status(400)),
      "UnavailableError",
      "ServiceUnavailable",
    ],
  ])("names %s", (_sentence, error, errorClass, reason) => {
    const fault = awsFault(error, call);
    expect(classOf(fault)).toBe(errorClass);
    expect(fault).toMatchObject({ reason, cause: error });
    expect(fault.message).toContain("secretsmanager:PutSecretValue on certwright/web/www-tls");
  });

  it.each([
    ["a parameter AWS does not take", sdkError("InvalidParameterException", status(400))],
    ["a programming error", new TypeError("x is not a function")],
  ])("leaves %s alone: a bug", (_sentence, error) => {
    expect(awsFault(error, call)).toBe(error);
  });

  it("makes an error of what is none", () => {
    expect(awsFault("boom", call)).toBeInstanceOf(Error);
    expect(classOf(awsFault(undefined, call))).toBe("Bug");
  });

  it("lets a named error pass", () => {
    const named = new RefusedError({
      reason: "StaleSecret",
      message: "other",
      cause: sdkError("Error", { code: "EPIPE" }),
    });
    expect(awsFault(named, call)).toBe(named);
  });

  it("tells which action to allow on what, unless the caller knows better", () => {
    const error = sdkError("AccessDeniedException");
    expect(awsFault(error, call)).toMatchObject({ fix: expect.stringContaining("secretsmanager:PutSecretValue") });
    expect(awsFault(error, { ...call, fix: "Ask Ann." })).toMatchObject({ fix: "Ask Ann." });
  });

  it("has no subject when none is given", () => {
    const { subject: _, ...bare } = call;
    expect(awsFault(sdkError("AccessDenied"), bare)).toMatchObject({ reason: "AccessDenied" });
  });
});

describe("awsErrorName and awsStatus", () => {
  it("read what the SDK threw", () => {
    const error = sdkError("NotFound", status(404));
    expect([awsErrorName(error), awsStatus(error)]).toEqual(["NotFound", 404]);
  });

  it("know nothing of what is no SDK error", () => {
    expect([awsErrorName(undefined), awsStatus("x")]).toEqual(["", undefined]);
  });
});

function status(httpStatusCode: number) {
  return { $metadata: { httpStatusCode } };
}
