import { clusterPartition } from "../../core/kubernetes/rows.ts";
import type { Permission } from "../../core/permission.ts";
import { answerNamespace, clusterNamespace, systemNamespace } from "../../core/resource.ts";
import { dueIndex, issuerIndex } from "../../core/tables.ts";

/** What State needs, by the methods that need it; `https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html`. */
export interface StatePermissions {
  /** Reads of one row. */
  get: Permission[];
  /** answerTo, and no other row. */
  getAnswer: Permission[];
  /** Reads of many. */
  getMany: Permission[];
  /** attemptsOf and events. */
  list: Permission[];
  /** Rows written whole; a transaction needs the right of each of its writes. */
  put: Permission[];
  /** Fields of a row: leases, records and their claims, released secrets, the life of a CSR. */
  update: Permission[];
  /** attemptsOf and keepAttempt, in namespaces of users. */
  keepHistory: Permission[];
  /** deleteSealedKey, releaseRecord and releaseAnswer: rows of the pipeline are deleted only under `_system` and `_http01`. */
  delete: Permission[];
  /** due and smallestMargin. */
  due: Permission[];
  waitingFor: Permission[];
  scanKeys: Permission[];
  /** clusters, bundles and clusterRows. */
  queryClusters: Permission[];
  /** The same, and targetsOf any Certificate. */
  queryTargets: Permission[];
  /** Rows of Clusters, Bundles and what lies in clusters, also woken; targets and events of Certificates. */
  writeClusters: Permission[];
  /** The rows in the partitions of clusters, and targets; no Cluster and no Bundle. */
  deleteInClusters: Permission[];
}

/** Where Clusters and Bundles lie, and the partition of each cluster. */
const ofClusters = [clusterNamespace, clusterPartition("*")];

/** State: `tableArn` is the table's. */
export function statePermissions({ tableArn }: { tableArn: string }): StatePermissions {
  return {
    get: [allow([tableArn], "GetItem")],
    getAnswer: [{ ...allow([tableArn], "GetItem"), conditions: onlyIn([answerNamespace]) }],
    getMany: [allow([tableArn], "BatchGetItem")],
    list: [allow([tableArn], "Query")],
    put: [allow([tableArn], "PutItem")],
    update: [allow([tableArn], "UpdateItem")],
    keepHistory: [{ ...allow([tableArn], "Query", "UpdateItem"), conditions: nowhereIn(["_*"]) }],
    delete: [{ ...allow([tableArn], "DeleteItem"), conditions: onlyIn([systemNamespace, answerNamespace]) }],
    due: [allow([`${tableArn}/index/${dueIndex.name}`], "Query")],
    waitingFor: [allow([`${tableArn}/index/${issuerIndex.name}`], "Query")],
    scanKeys: [allow([`${tableArn}/index/${issuerIndex.name}`], "Scan")],
    queryClusters: [{ ...allow([tableArn], "Query"), conditions: onlyLike(ofClusters) }],
    queryTargets: [{ ...allow([tableArn], "Query"), conditions: nowhereIn([systemNamespace, answerNamespace]) }],
    writeClusters: [
      { ...allow([tableArn], "PutItem"), conditions: nowhereIn([systemNamespace, answerNamespace]) },
      { ...allow([tableArn], "UpdateItem"), conditions: onlyLike(ofClusters) },
    ],
    deleteInClusters: [
      {
        ...allow([tableArn], "DeleteItem"),
        conditions: nowhereIn([systemNamespace, answerNamespace, clusterNamespace]),
      },
    ],
  };
}

/** What Requests needs, by the methods that need it. */
export interface RequestsPermissions {
  get: Permission[];
  getMany: Permission[];
  list: Permission[];
  scan: Permission[];
  /** put and delete, in namespaces of users: `_system` and `_cluster` are none. */
  write: Permission[];
}

/** Requests: `tableArn` is the table's. */
export function requestsPermissions({ tableArn }: { tableArn: string }): RequestsPermissions {
  return {
    get: [allow([tableArn], "GetItem")],
    getMany: [allow([tableArn], "BatchGetItem")],
    list: [allow([tableArn], "Query")],
    scan: [allow([tableArn], "Scan")],
    write: [{ ...allow([tableArn], "DeleteItem", "PutItem"), conditions: nowhereIn(["_*"]) }],
  };
}

function allow(resources: string[], ...verbs: string[]): Permission {
  return { actions: verbs.map((verb) => `dynamodb:${verb}`), resources };
}

/** A condition with ForAllValues holds for a call that names no key, so each is paired with Null. */
const named = { Null: { "dynamodb:LeadingKeys": "false" } };

function onlyIn(namespaces: string[]) {
  return { "ForAllValues:StringEquals": { "dynamodb:LeadingKeys": namespaces }, ...named };
}

function onlyLike(patterns: string[]) {
  return { "ForAllValues:StringLike": { "dynamodb:LeadingKeys": patterns }, ...named };
}

function nowhereIn(patterns: string[]) {
  return { "ForAllValues:StringNotLike": { "dynamodb:LeadingKeys": patterns }, ...named };
}
