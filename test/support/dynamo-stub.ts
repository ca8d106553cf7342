import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";

/** One call as the adapter made it: `PutItemCommand` and its input. */
export interface Call {
  name: string;
  // biome-ignore lint/suspicious/noExplicitAny: every command has another shape, and tests look into all of them
  input: any;
}

/** A client that answers from a list, then with `{}`; an Error in the list is thrown. */
export function dynamoStub(answers: (object | Error)[] = []): { client: DynamoDBClient; calls: Call[] } {
  const calls: Call[] = [];
  const send = async (command: { input: object }) => {
    calls.push({ name: command.constructor.name, input: structuredClone(command.input) });
    const answer = answers.shift() ?? {};
    if (answer instanceof Error) throw answer;
    return answer;
  };
  return { client: { send } as unknown as DynamoDBClient, calls };
}

/** An exception as the SDK throws it. */
export function sdkError(name: string, fields: object = {}): Error {
  return Object.assign(new Error("the service's own words"), { name, ...fields });
}
