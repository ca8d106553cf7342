import { RemovalPolicy } from "aws-cdk-lib";
import type { PolicyStatement } from "aws-cdk-lib/aws-iam";
import { PolicyDocument } from "aws-cdk-lib/aws-iam";
import { Key } from "aws-cdk-lib/aws-kms";
import { Construct } from "constructs";
import { keyMaterialPolicy, recordsPolicy } from "../key-policies.ts";
import type { Names } from "../names.ts";

/** The two keys: one for key material, one for everything else that is stored. Neither lets an administrator decrypt. */
export class Keys extends Construct {
  /** Sealed private keys, stored secrets and the secrets bucket. */
  readonly keyMaterial: Key;
  /** Tables, logs, executions, queue and topic. */
  readonly records: Key;

  constructor(scope: Construct, id: string, { names, retain }: { names: Names; retain: boolean }) {
    super(scope, id);
    const key = (keyId: string, alias: string, description: string, statements: PolicyStatement[]) =>
      new Key(this, keyId, {
        alias: `${names.instance}-${alias}`,
        description,
        enableKeyRotation: true,
        removalPolicy: retain ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
        policy: new PolicyDocument({ statements }),
      });
    this.keyMaterial = key("KeyMaterial", "key-material", "certwright: keys and secrets", keyMaterialPolicy(names));
    this.records = key("Records", "records", "certwright: tables, logs, executions", recordsPolicy(names));
  }
}
