import { RemovalPolicy } from "aws-cdk-lib";
import { AttributeType, ProjectionType, StreamViewType, TableEncryptionV2, TableV2 } from "aws-cdk-lib/aws-dynamodb";
import type { IKey } from "aws-cdk-lib/aws-kms";
import { Construct } from "constructs";
import type { IndexShape, KeyAttribute, TableShape } from "../../core/tables.ts";
import { requestsTable, stateTable } from "../../core/tables.ts";
import type { Names } from "../names.ts";

/** Requests, the users', whose stream feeds dispatch, and State, ours. Both can be restored to any second of 35 days. */
export class Tables extends Construct {
  readonly requests: TableV2;
  readonly state: TableV2;

  constructor(scope: Construct, id: string, { names, key, retain }: { names: Names; key: IKey; retain: boolean }) {
    super(scope, id);
    const table = (tableId: string, tableName: string, shape: TableShape, dynamoStream?: StreamViewType) =>
      new TableV2(this, tableId, {
        tableName,
        partitionKey: attribute(shape.partitionKey),
        sortKey: attribute(shape.sortKey),
        globalSecondaryIndexes: shape.indexes.map(index),
        encryption: TableEncryptionV2.customerManagedKey(key),
        pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
        deletionProtection: retain,
        removalPolicy: retain ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
        ...(shape.timeToLive && { timeToLiveAttribute: shape.timeToLive }),
        ...(dynamoStream && { dynamoStream }),
      });
    // A record is only a hint: dispatch reads the row itself.
    this.requests = table("Requests", names.requestsTable, requestsTable, StreamViewType.KEYS_ONLY);
    this.state = table("State", names.stateTable, stateTable);
  }
}

function index({ name, partitionKey, sortKey, include }: IndexShape) {
  return {
    indexName: name,
    partitionKey: attribute(partitionKey),
    sortKey: attribute(sortKey),
    ...(include.length > 0
      ? { projectionType: ProjectionType.INCLUDE, nonKeyAttributes: include }
      : { projectionType: ProjectionType.KEYS_ONLY }),
  };
}

function attribute({ name, type }: KeyAttribute) {
  return { name, type: type === "S" ? AttributeType.STRING : AttributeType.NUMBER };
}
