import type { IGrantable } from "aws-cdk-lib/aws-iam";
import { PolicyStatement } from "aws-cdk-lib/aws-iam";
import type { Certwright } from "./constructs/certwright.ts";

type Conditions = Record<string, Record<string, unknown>>;

/** A tenant: writes the requests of one namespace, reads their status, and orders over the bus in its name; no other's. */
export function grantNamespace(certwright: Certwright, tenant: IGrantable, namespace: string): void {
  const { names, requestsTable, stateTable } = certwright;
  const rows = only("dynamodb:LeadingKeys", namespace);
  const orders = only("events:source", `certwright.namespace.${namespace}`);
  const read = ["dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:Query"];
  const write = ["dynamodb:DeleteItem", "dynamodb:PutItem", "dynamodb:UpdateItem"];
  allow(tenant, [...read, ...write], requestsTable.tableArn, rows);
  allow(tenant, read, stateTable.tableArn, rows);
  allow(tenant, ["events:PutEvents"], names.busArn, orders);
  allow(tenant, ["ssm:GetParameter"], names.configParameterArn);
}

/** A reader of one stored secret in Secrets Manager: of its current version, and of others only by their ids. */
export function grantReadSecret(
  certwright: Certwright,
  reader: IGrantable,
  namespace: string,
  secretName: string,
): void {
  const { names, keyMaterialKey } = certwright;
  // AWS adds a hyphen and six characters to the name.
  const arn = names.secretArns.replace(/\*$/, `${namespace}/${secretName}-??????`);
  const through = {
    StringEquals: { "kms:ViaService": `secretsmanager.${names.region}.amazonaws.com` },
    StringLike: { "kms:EncryptionContext:SecretARN": arn },
  };
  // A request that names no stage has no such key: ForAllValues lets it through. It gets AWSCURRENT, or the version whose id
  // it names: AWS's caching clients ask so for the current one.
  const current = { "ForAllValues:StringEquals": { "secretsmanager:VersionStage": "AWSCURRENT" } };
  allow(reader, ["secretsmanager:DescribeSecret"], arn);
  allow(reader, ["secretsmanager:GetSecretValue"], arn, current);
  allow(reader, ["kms:Decrypt"], keyMaterialKey.keyArn, through);
}

/** ForAllValues holds for a request without the key, too: so the key must be there. */
function only(key: string, value: string): Conditions {
  return { "ForAllValues:StringEquals": { [key]: [value] }, Null: { [key]: "false" } };
}

function allow(grantee: IGrantable, actions: string[], resource: string, conditions: Conditions = {}): void {
  const statement = new PolicyStatement({ actions, resources: [resource], conditions });
  grantee.grantPrincipal.addToPrincipalPolicy(statement);
}
