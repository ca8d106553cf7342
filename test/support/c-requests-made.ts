import { GetItemCommand } from "@aws-sdk/client-dynamodb";
import { marshall, unmarshall } from "@aws-sdk/util-dynamodb";
import type { Manifest } from "../../local/requests.ts";
import { showRequest } from "./c-openssl.ts";
import type { TestStack } from "./integration-bed.ts";
import { attemptsOf } from "./issuance-counts.ts";

/** The certificate request of a Certificate's newest attempt, as openssl shows what a tenant reads in State. */
export async function requestMade(stack: TestStack, manifest: Manifest): Promise<string> {
  const [attempt] = await attemptsOf(stack, manifest);
  if (!attempt) throw new Error(`${manifest.metadata.name} was never tried`);
  const { namespace, name, attemptId } = attempt.ref;
  const Key = marshall({ namespace, resource: `Certificate/${name}#attempt#${attemptId}#csr` });
  const { Item = {} } = await stack.clients.dynamo.send(new GetItemCommand({ TableName: stack.tables.state, Key }));
  const { csr } = unmarshall(Item) as { csr: Uint8Array | string };
  return showRequest(typeof csr === "string" ? Buffer.from(csr, "base64") : csr);
}

/** Orders that Pebble made for a name: the requests it answered with 201. */
export function ordersFor(stack: TestStack, dnsName: string): Promise<number> {
  return stack.count({ service: "acme", action: "newOrder", status: 201, contains: `"value":"${dnsName}"` });
}
