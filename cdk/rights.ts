import type { Permission } from "../core/permission.ts";
import type { FunctionName } from "./functions.ts";
import { functionShapes } from "./functions.ts";
import type { Permissions } from "./permissions.ts";

/** Who may do what: the whole of each function's role, except for its log and its dead letters. */
const rights: Record<FunctionName, (may: Permissions) => Permission[][]> = {
  "accept-request": (may) => [may.writeRequests],
  dispatch: (may) => [may.readStream, ...decide(may)],
  sweep: (may) => [may.queryDue, may.callCheckCertificates, ...decide(may)],
  resync: (may) => [
    may.scanRequests,
    may.readRequests,
    may.scanState,
    may.readStateRows,
    may.queryClusters,
    may.callDispatch,
    may.callSyncKubernetes,
  ],
  "check-issuer": (may) => [
    may.readRequest,
    may.listRequests,
    may.readStateRow,
    may.readStateRows,
    may.writeState,
    may.queryByIssuer,
    may.readAccountKeys,
    may.readSecrets,
    may.createAccountKeys,
    may.callSweep,
  ],
  "check-certificates": (may) => [
    may.readRequest,
    may.readStateRow,
    may.readStateRows,
    may.writeState,
    may.callDispatch,
  ],
  "sync-kubernetes": (may) => [
    may.readRequest,
    may.readRequests,
    may.scanRequests,
    may.readStateRow,
    may.readStateRows,
    may.queryByIssuer,
    may.queryTargets,
    may.writeClusters,
    may.deleteInClusters,
    may.readSecrets,
    may.readClusterCredentials,
    may.writeBundles,
    may.assumeClusterRoles,
    may.joinKubernetesNetwork,
  ],
  "revoke-certificate": (may) => [
    may.readStateRow,
    may.readStateRows,
    may.writeState,
    may.scanState,
    may.readAccountKeys,
    may.readSecrets,
    may.callDispatch,
    may.callRevokeCertificate,
  ],
  "rewrite-secret": (may) => [
    may.readRequest,
    may.readStateRow,
    may.writeState,
    may.publishFacts,
    may.readSecrets,
    may.readKeystorePasswords,
    may.writeSecrets,
    may.callDispatch,
  ],
  "serve-challenge": (may) => [may.readAnswers],
  prepare: (may) => [
    ...step(may),
    may.updateState,
    may.readRequests,
    may.sealKeys,
    may.readSecrets,
    may.readKeystorePasswords,
    may.writeSecrets,
  ],
  "create-order": (may) => [...step(may), may.readRequests, ...askTheCa(may)],
  "publish-challenge": (may) => [...step(may), may.updateState, may.publishRecords, ...reachDns(may)],
  "check-propagation": (may) => [...step(may), may.askForChanges, ...reachDns(may)],
  "validate-challenge": (may) => [...step(may), ...askTheCa(may)],
  "finalize-order": (may) => [...step(may), may.updateState, may.readRequests, ...askTheCa(may)],
  sign: (may) => [...step(may), may.updateState, may.readRequests, may.openKeys, may.readSecrets, may.readCredentials],
  "write-secret": (may) => [
    ...step(may),
    may.keepHistory,
    may.readRequests,
    may.openKeys,
    may.readSecrets,
    may.readKeystorePasswords,
    may.writeSecrets,
  ],
  "clean-up-challenge": (may) => [
    ...step(may),
    may.updateState,
    may.readRequests,
    may.deleteFromState,
    may.removeRecords,
    ...reachDns(may),
    may.callDispatch,
  ],
};

/** The statements of one function's role. */
export function rightsOf(folder: FunctionName, may: Permissions): Permission[] {
  const called = "asynchronous" in functionShapes[folder] ? may.leaveDeadLetters : [];
  return merged([...rights[folder](may).flat(), ...called, ...may.log(folder)]);
}

/** What deciding needs: it describes secrets and may schedule their deletion, but can read none. */
function decide(may: Permissions): Permission[][] {
  return [
    may.readRequests,
    may.readStateRow,
    may.readStateRows,
    may.writeState,
    may.updateState,
    may.startExecutions,
    may.publishFacts,
    may.describeSecrets,
    may.deleteSecrets,
    may.callCheckIssuer,
    may.callCleanUp,
    may.callSyncKubernetes,
    may.callRevokeCertificate,
    may.callRewriteSecret,
  ];
}

/** What every step of the state machine needs. */
function step(may: Permissions): Permission[][] {
  return [may.readStateRow, may.readStateRows, may.writeState, may.publishFacts];
}

/** The account key; an account that the CA no longer knows is given to check-issuer. */
function askTheCa(may: Permissions): Permission[][] {
  return [may.readAccountKeys, may.callCheckIssuer];
}

/** With a role of the issuer's, or with a credential that somebody stored. */
function reachDns(may: Permissions): Permission[][] {
  return [may.assumeRoles, may.readDnsCredentials];
}

/** Without those that another one grants as well: with the same actions and more, on the same and on the same conditions. */
function merged(permissions: Permission[]): Permission[] {
  const once = [...new Map(permissions.map((permission) => [JSON.stringify(permission), permission])).values()];
  const ground = ({ resources, conditions }: Permission) => JSON.stringify([resources, conditions]);
  const isPart = (one: Permission, other: Permission) =>
    other.actions.length > one.actions.length &&
    ground(one) === ground(other) &&
    one.actions.every((action) => other.actions.includes(action));
  return once.filter((one) => !once.some((other) => isPart(one, other)));
}
