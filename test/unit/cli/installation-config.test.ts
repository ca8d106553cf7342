import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { readConfig } from "../../../cli/installation-config.ts";
import type { Place } from "../../../cli/place.ts";

let server: Server | undefined;
afterEach(() => {
  server?.close();
  server?.closeAllConnections();
});

const config = {
  instance: "blue",
  account: "000000000000",
  region: "eu-central-1",
  stateMachineArn: "arn:aws:states:eu-central-1:000000000000:stateMachine:blue-issue-certificates",
  requestsTable: "blue-requests",
  stateTable: "blue-state",
  secretsBucket: "blue-secrets-000000000000-eu-central-1",
};

/** A Systems Manager that always gives one answer, and what it was asked. */
async function ssm(status: number, body: object): Promise<{ endpoint: string; asked: string[] }> {
  const asked: string[] = [];
  server = createServer(async (request, response) => {
    let text = "";
    for await (const chunk of request) text += chunk;
    asked.push(JSON.parse(text).Name);
    response.writeHead(status, { "content-type": "application/x-amz-json-1.1" }).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server?.listen(0, "127.0.0.1", resolve));
  return { endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

const settings = (endpoint: string) => ({
  endpoint,
  region: "eu-central-1",
  credentials: { accessKeyId: "x", secretAccessKey: "x" },
});
const aws: Place = { where: "aws", instance: "blue" };
const local: Place = { where: "local", instance: "certwright", endpoint: "http://127.0.0.1:1", region: "x", pid: 1 };

describe("the installation's config", () => {
  it("is the SSM parameter of its name", async () => {
    const { endpoint, asked } = await ssm(200, { Parameter: { Value: JSON.stringify(config) } });
    expect(await readConfig(aws, settings(endpoint))).toMatchObject({ instance: "blue", stateTable: "blue-state" });
    expect(asked).toEqual(["/certwright/blue/config"]);
  });

  it.each([
    ["ParameterNotFound", aws, 'no installation "blue" here', "npx cdk deploy"],
    ["ParameterNotFound", local, "the local stack is not deployed yet", "npm start"],
    [
      "AccessDeniedException",
      aws,
      "not allowed to find the installation",
      "ssm:GetParameter on /certwright/blue/config",
    ],
    ["ExpiredTokenException", aws, "no usable AWS credentials", "Sign in"],
    ["UnrecognizedClientException", aws, "no usable AWS credentials", "Sign in"],
  ])("explains %s", async (name, place, message, fix) => {
    const { endpoint } = await ssm(400, { __type: name, message: "no" });
    const failing = readConfig(place, settings(endpoint));
    await expect(failing).rejects.toThrow(message);
    await expect(failing).rejects.toThrow(expect.objectContaining({ fix: expect.stringContaining(fix) }));
  });

  it.each([["no JSON"], ["{}"], [""]])("refuses a parameter that says %j", async (value) => {
    const { endpoint } = await ssm(200, { Parameter: { Value: value } });
    await expect(readConfig(aws, settings(endpoint))).rejects.toThrow("is not the config of an installation");
  });

  it("explains an endpoint where nobody listens", async () => {
    const { endpoint } = await ssm(200, {});
    server?.close();
    await expect(readConfig(local, { ...settings(endpoint) })).rejects.toThrow("cannot be reached");
  });
});
