import type { STSClient } from "@aws-sdk/client-sts";
import { describe, expect, it } from "vitest";
import { assumedCredentials } from "../../../../adapters/aws/assume-role.ts";
import { RefusedError, UnavailableError } from "../../../../core/errors.ts";

const hourMs = 3_600_000;

function sts(fail?: () => Error) {
  let now = Date.UTC(2026, 0, 1);
  const inputs: unknown[] = [];
  const send = async (command: { input: unknown }) => {
    inputs.push(command.input);
    if (fail) throw fail();
    const Credentials = {
      AccessKeyId: `AKIA${inputs.length}`,
      SecretAccessKey: "secret",
      SessionToken: "token",
      Expiration: new Date(now + hourMs),
    };
    return { Credentials };
  };
  const provider = assumedCredentials({
    roleArn: "arn:aws:iam::444455556666:role/certwright-dns",
    externalId: "certwright/web",
    sessionName: "certwright-web",
    stsClient: { send } as unknown as Pick<STSClient, "send">,
    clock: { now: () => new Date(now) },
  });
  return { provider, inputs, pass: (ms: number) => (now += ms) };
}

describe("assumed credentials", () => {
  it("assumes the role with the ExternalId of the namespace", async () => {
    const { provider, inputs } = sts();
    expect(await provider()).toEqual({
      accessKeyId: "AKIA1",
      secretAccessKey: "secret",
      sessionToken: "token",
      expiration: new Date("2026-01-01T01:00:00Z"),
    });
    expect(inputs).toEqual([
      {
        RoleArn: "arn:aws:iam::444455556666:role/certwright-dns",
        ExternalId: "certwright/web",
        RoleSessionName: "certwright-web",
      },
    ]);
  });

  it("asks once for callers that come together and until five minutes before the end", async () => {
    const { provider, inputs, pass } = sts();
    await Promise.all([provider(), provider(), provider()]);
    pass(55 * 60_000 - 1);
    expect((await provider()).accessKeyId).toBe("AKIA1");
    pass(1);
    expect((await provider()).accessKeyId).toBe("AKIA2");
    expect(inputs).toHaveLength(2);
  });

  it("does not keep a failure", async () => {
    let broken = true;
    const { provider } = sts(() =>
      broken ? Object.assign(new Error("down"), { name: "TimeoutError" }) : new Error("later"),
    );
    await expect(provider()).rejects.toBeInstanceOf(UnavailableError);
    broken = false;
    await expect(provider()).rejects.toThrow("later");
  });

  it("names the trust policy when the role may not be assumed", async () => {
    const { provider } = sts(() => Object.assign(new Error("User is not authorized"), { name: "AccessDenied" }));
    const error = await provider().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(RefusedError);
    expect(error).toMatchObject({ reason: "RoleNotAssumable", fix: expect.stringContaining("certwright/web") });
  });

  it.each([
    ["a throttled call", { name: "Throttling" }],
    ["a 503", { $metadata: { httpStatusCode: 503 } }],
    ["a reset connection", { code: "ECONNRESET" }],
  ])("holds %s for passing", async (_, facts) => {
    const { provider } = sts(() => Object.assign(new Error("x"), facts));
    await expect(provider()).rejects.toBeInstanceOf(UnavailableError);
  });

  it("leaves an unknown error as it is", async () => {
    const { provider } = sts(() => new TypeError("bug"));
    await expect(provider()).rejects.toBeInstanceOf(TypeError);
  });
});
