import { dnsPermissions } from "../adapters/dns/index.ts";
import { storePermissions } from "../adapters/stores/index.ts";
import type { Permission } from "../core/permission.ts";
import { dueIndex, issuerIndex } from "../core/tables.ts";
import type { FunctionName } from "./functions.ts";
import type { Names } from "./names.ts";
import type { Settings } from "./props.ts";

/** What the permissions speak of. */
export interface Grounds {
  names: Names;
  settings: Settings;
  partition: string;
  requestsArn: string;
  requestsStreamArn: string;
  stateArn: string;
  keyMaterialArn: string;
  deadLettersArn: string;
}

/** Everything that some function may do, by a name that cdk/rights.ts gives to functions. */
export interface Permissions {
  readStream: Permission[];
  readRequests: Permission[];
  writeRequests: Permission[];
  scanRequests: Permission[];
  useState: Permission[];
  queryDue: Permission[];
  queryByIssuer: Permission[];
  startExecutions: Permission[];
  publishFacts: Permission[];
  describeSecrets: Permission[];
  readSecrets: Permission[];
  writeSecrets: Permission[];
  deleteSecrets: Permission[];
  readAccountKeys: Permission[];
  createAccountKeys: Permission[];
  sealKeys: Permission[];
  openKeys: Permission[];
  publishRecords: Permission[];
  askForChanges: Permission[];
  removeRecords: Permission[];
  assumeRoles: Permission[];
  invoke(...folders: FunctionName[]): Permission[];
  log(folder: FunctionName): Permission[];
  leaveDeadLetters: Permission[];
}

export function permissionsOn(grounds: Grounds): Permissions {
  return { ...tables(grounds), ...keys(grounds), ...stores(grounds), ...dns(grounds), ...calls(grounds) };
}

function tables({ requestsArn, requestsStreamArn, stateArn }: Grounds) {
  const on = (resource: string, ...verbs: string[]): Permission[] => [
    { actions: verbs.map((verb) => `dynamodb:${verb}`), resources: [resource] },
  ];
  return {
    readStream: on(requestsStreamArn, "DescribeStream", "GetRecords", "GetShardIterator", "ListStreams"),
    readRequests: on(requestsArn, "BatchGetItem", "GetItem"),
    writeRequests: on(requestsArn, "DeleteItem", "PutItem", "UpdateItem"),
    scanRequests: on(requestsArn, "Scan"),
    useState: on(stateArn, "BatchGetItem", "DeleteItem", "GetItem", "PutItem", "Query", "UpdateItem"),
    queryDue: on(`${stateArn}/index/${dueIndex.name}`, "Query"),
    queryByIssuer: on(`${stateArn}/index/${issuerIndex.name}`, "Query"),
  };
}

/** Sealed keys: only in our own encryption context, with exactly its three keys. */
function keys({ names, keyMaterialArn }: Grounds) {
  const sealed = (verb: string): Permission[] => [
    {
      actions: [`kms:${verb}`],
      resources: [keyMaterialArn],
      conditions: {
        StringEquals: { "kms:EncryptionContext:instance": names.instance },
        "ForAllValues:StringEquals": { "kms:EncryptionContextKeys": ["instance", "namespace", "attempt"] },
        Null: { "kms:EncryptionContextKeys": "false" },
      },
    },
  ];
  return { sealKeys: sealed("GenerateDataKey"), openKeys: sealed("Decrypt") };
}

function stores({ names, partition, keyMaterialArn }: Grounds) {
  const { instance, account, region, secretsBucket: bucket } = names;
  const scope = { instance, partition, account, region, bucket, keyArn: keyMaterialArn };
  const each = Object.values(storePermissions).map((permissions) => permissions(scope));
  const accountKeys = storePermissions.secretsManager(scope);
  return {
    describeSecrets: each.flatMap(({ describe }) => describe),
    readSecrets: each.flatMap(({ read }) => read),
    writeSecrets: each.flatMap(({ write }) => write),
    deleteSecrets: each.flatMap(({ scheduleDeletion }) => scheduleDeletion),
    readAccountKeys: accountKeys.read,
    createAccountKeys: accountKeys.write,
  };
}

function dns({ names, settings }: Grounds) {
  const { zones, validationZones, assumableRoles } = settings;
  const scope = { zones: zones.includes("*") ? ("*" as const) : [...zones], validationZones: [...validationZones] };
  const each = Object.values(dnsPermissions).map((permissions) => permissions(scope));
  const assumeRole: Permission = {
    actions: ["sts:AssumeRole"],
    resources: [...assumableRoles],
    conditions: { StringLike: { "sts:ExternalId": `${names.instance}/*` } },
  };
  return {
    publishRecords: each.flatMap(({ publish }) => publish),
    askForChanges: each.flatMap(({ settled }) => settled),
    removeRecords: each.flatMap(({ cleanUp }) => cleanUp),
    assumeRoles: assumableRoles.length > 0 ? [assumeRole] : [],
  };
}

function calls({ names, deadLettersArn }: Grounds) {
  const source = "events:source";
  const facts: Permission = {
    actions: ["events:PutEvents"],
    resources: [names.busArn],
    // ForAllValues holds for a request without the key, too. No function can order in a namespace's name.
    conditions: { "ForAllValues:StringEquals": { [source]: ["certwright"] }, Null: { [source]: "false" } },
  };
  return {
    startExecutions: [{ actions: ["states:StartExecution"], resources: [names.stateMachineArn] }],
    publishFacts: [facts],
    invoke: (...folders: FunctionName[]): Permission[] => [
      { actions: ["lambda:InvokeFunction"], resources: folders.map(names.functionArn) },
    ],
    log: (folder: FunctionName): Permission[] => [
      { actions: ["logs:CreateLogStream", "logs:PutLogEvents"], resources: [names.logStreams(folder)] },
    ],
    leaveDeadLetters: [{ actions: ["sqs:SendMessage"], resources: [deadLettersArn] }],
  };
}
