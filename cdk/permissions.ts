import {
  eventsPermissions,
  requestsPermissions,
  sealerPermissions,
  starterPermissions,
  statePermissions,
} from "../adapters/aws/index.ts";
import * as dnsAdapters from "../adapters/dns/index.ts";
import {
  accountKeyPermissions,
  bundlePermissions,
  credentialPermissions,
  storePermissions,
} from "../adapters/stores/index.ts";
import type { DnsAdapters } from "../core/dns-adapter.ts";
import type { Permission } from "../core/permission.ts";
import { clusterNamespace } from "../core/resource.ts";
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
export type Permissions = ReturnType<typeof permissionsOn>;

/** What the adapters say they need, and what DynamoDB, Lambda and STS need, on these grounds. */
export function permissionsOn(grounds: Grounds, registered: DnsAdapters = dnsAdapters) {
  return {
    ...tables(grounds),
    ...stores(grounds),
    ...dns(grounds, registered),
    ...clusters(grounds),
    ...network(grounds),
    ...calls(grounds),
  };
}

function tables({ requestsArn, requestsStreamArn, stateArn }: Grounds) {
  const requests = requestsPermissions({ tableArn: requestsArn });
  const state = statePermissions({ tableArn: stateArn });
  const stream = ["DescribeStream", "GetRecords", "GetShardIterator", "ListStreams"];
  const readStream: Permission = { actions: stream.map((verb) => `dynamodb:${verb}`), resources: [requestsStreamArn] };
  return {
    readStream: [readStream],
    readRequest: requests.get,
    readRequests: requests.getMany,
    writeRequests: requests.write,
    scanRequests: requests.scan,
    listRequests: requests.list,
    readStateRow: state.get,
    readAnswers: state.getAnswer,
    readStateRows: state.getMany,
    writeState: state.put,
    updateState: state.update,
    keepHistory: state.keepHistory,
    deleteFromState: state.delete,
    scanState: state.scanKeys,
    queryDue: state.due,
    queryByIssuer: state.waitingFor,
    queryClusters: state.queryClusters,
    queryTargets: state.queryTargets,
    writeClusters: state.writeClusters,
    deleteInClusters: state.deleteInClusters,
  };
}

function stores({ names, partition, keyMaterialArn }: Grounds) {
  const { instance, account, region, secretsBucket: bucket } = names;
  const scope = { instance, partition, account, region, bucket, keyArn: keyMaterialArn };
  const each = Object.values(storePermissions).map((permissions) => permissions(scope));
  const accountKeys = accountKeyPermissions(scope);
  return {
    describeSecrets: each.flatMap(({ describe }) => describe),
    readSecrets: each.flatMap(({ read }) => read),
    writeSecrets: each.flatMap(({ write }) => write),
    deleteSecrets: each.flatMap(({ scheduleDeletion }) => scheduleDeletion),
    readAccountKeys: accountKeys.read,
    createAccountKeys: accountKeys.write,
    writeBundles: bundlePermissions(scope),
    readClusterCredentials: credentialPermissions(scope, "_cluster"),
    readCredentials: credentialPermissions(scope, "*"),
    readKeystorePasswords: credentialPermissions(scope, "*"),
  };
}

function dns(grounds: Grounds, registered: DnsAdapters) {
  const { names, settings } = grounds;
  const { zones, validationZones, dnsPersist, assumableRoles, dnsFunctions } = settings;
  const scope = {
    zones: zones.includes("*") ? ("*" as const) : [...zones],
    validationZones: [...validationZones],
    dnsPersist,
    functions: [`${functionsOf(grounds)}certwright-dns-*`, ...dnsFunctions],
  };
  const providers = Object.values(registered);
  const each = providers.map(({ permissions }) => permissions(scope));
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
    readDnsCredentials: providers.some(({ readsSecrets }) => readsSecrets) ? stores(grounds).readCredentials : [],
  };
}

function functionsOf({ names: { account, region }, partition }: Grounds): string {
  return `arn:${partition}:lambda:${region}:${account}:function:`;
}

/** The roles that Clusters name (auth.eks.roleArn): only with the ExternalId that no tenant's issuer comes with. */
function clusters({ names, settings }: Grounds) {
  const { assumableRoles } = settings;
  const assumeRole: Permission = {
    actions: ["sts:AssumeRole"],
    resources: [...assumableRoles],
    conditions: { StringEquals: { "sts:ExternalId": `${names.instance}/${clusterNamespace}` } },
  };
  return { assumeClusterRoles: assumableRoles.length > 0 ? [assumeRole] : [] };
}

/** What Lambda itself does with the role of a function in a VPC, and code that runs in the function may not. */
function network({ settings }: Grounds) {
  const verbs = [
    ...["AssignPrivateIpAddresses", "CreateNetworkInterface", "DeleteNetworkInterface", "DescribeNetworkInterfaces"],
    ...["DescribeSubnets", "UnassignPrivateIpAddresses"],
  ];
  const join: Permission = {
    actions: verbs.map((verb) => `ec2:${verb}`),
    resources: ["*"],
    conditions: { Null: { "lambda:SourceFunctionArn": "true" } },
  };
  return { joinKubernetesNetwork: settings.kubernetesNetwork ? [join] : [] };
}

function calls({ names, keyMaterialArn: keyArn, deadLettersArn }: Grounds) {
  const { instance, busArn, stateMachineArn } = names;
  const start = starterPermissions({
    stateMachineArn,
    functionArn: (folder) => names.functionArn(folder as FunctionName),
  });
  const sealer = sealerPermissions({ keyArn, instance });
  return {
    sealKeys: sealer.seal,
    openKeys: sealer.open,
    publishFacts: eventsPermissions({ busArn }),
    startExecutions: start.startIssuance,
    callDispatch: start.dispatch,
    callSweep: start.sweep,
    callCheckIssuer: start.checkIssuer,
    callCheckCertificates: start.checkCertificates,
    callCleanUp: start.cleanUp,
    callSyncKubernetes: start.syncKubernetes,
    callRevokeCertificate: start.revoke,
    callRewriteSecret: start.rewriteSecrets,
    log: (folder: FunctionName): Permission[] => [
      { actions: ["logs:CreateLogStream", "logs:PutLogEvents"], resources: [names.logStreams(folder)] },
    ],
    leaveDeadLetters: [{ actions: ["sqs:SendMessage"], resources: [deadLettersArn] }],
  };
}
