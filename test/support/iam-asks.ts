import type { IamRequest } from "./iam-engine.ts";
import type { Place } from "./iam-template.ts";

/** Requests to IAM as tests write them: what somebody would ask for in an installation at this place. */
export function asksAt(place: Place, keyMaterial: string) {
  const { account, region } = place;
  const arn = (service: string, rest: string) => `arn:aws:${service}:${region}:${account}:${rest}`;
  const secretArn = (name: string) => arn("secretsmanager", `secret:${name}-a1B2c3`);
  const bucket = `arn:aws:s3:::certwright-secrets-${account}-${region}`;
  const plain = (action: string, resource: string, context: IamRequest["context"] = {}): IamRequest => ({
    action,
    resource,
    context,
  });
  return {
    plain,
    secretArn,
    bucket,
    secret: (verb: string, name: string, context: IamRequest["context"] = {}) =>
      plain(`secretsmanager:${verb}`, secretArn(name), context),
    /** Rows of a table with these partition keys; `state/index/due` for an index. */
    row: (verb: string, table: string, ...leading: string[]) =>
      plain(
        `dynamodb:${verb}`,
        arn("dynamodb", `table/certwright-${table}`),
        leading.length > 0 ? { "dynamodb:LeadingKeys": leading } : {},
      ),
    key: (verb: string, context: IamRequest["context"], resource = keyMaterial) =>
      plain(`kms:${verb}`, resource, { "kms:CallerAccount": account, ...context }),
    object: (verb: string, path: string, context: IamRequest["context"] = {}) =>
      plain(`s3:${verb}`, `${bucket}/${path}`, context),
    bus: (sources: string[], name = "certwright") =>
      plain(
        "events:PutEvents",
        arn("events", `event-bus/${name}`),
        sources.length > 0 ? { "events:source": sources } : {},
      ),
    assume: (role: string, externalId?: string) =>
      plain(
        "sts:AssumeRole",
        `arn:aws:iam::444455556666:role/${role}`,
        externalId ? { "sts:ExternalId": externalId } : {},
      ),
    start: (machine: string) => plain("states:StartExecution", arn("states", `stateMachine:${machine}`)),
    invoke: (name: string) => plain("lambda:InvokeFunction", arn("lambda", `function:${name}`)),
    log: (name: string) =>
      plain("logs:PutLogEvents", arn("logs", `log-group:/aws/lambda/${name}:log-stream:2026/01/01/[1]a`)),
    parameter: (name: string) => plain("ssm:GetParameter", arn("ssm", `parameter${name}`)),
  };
}
