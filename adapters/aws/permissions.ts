import type { Permission } from "../../core/permission.ts";
import type { Starter } from "../../core/ports.ts";

/** KeySealer: sealing and opening are rights of two functions; neither reaches another context of the same key. */
export function sealerPermissions(scope: { keyArn: string; instance: string }): Record<"seal" | "open", Permission[]> {
  const inOurContext = (action: string): Permission[] => [
    {
      actions: [action],
      resources: [scope.keyArn],
      // None but the three keys, and each of them.
      conditions: {
        StringEquals: { "kms:EncryptionContext:instance": scope.instance },
        "ForAllValues:StringEquals": { "kms:EncryptionContextKeys": ["instance", "namespace", "attempt"] },
        Null: { "kms:EncryptionContext:namespace": "false", "kms:EncryptionContext:attempt": "false" },
      },
    },
  ];
  return { seal: inOurContext("kms:GenerateDataKey"), open: inOurContext("kms:Decrypt") };
}

/** Events: facts only. Orders carry a namespace in their source, and no function may order. */
export function eventsPermissions(scope: { busArn: string }): Permission[] {
  const conditions = {
    "ForAllValues:StringEquals": { "events:source": ["certwright"] },
    Null: { "events:source": "false" },
  };
  return [{ actions: ["events:PutEvents"], resources: [scope.busArn], conditions }];
}

/** Starter, by verb. */
export function starterPermissions(scope: {
  stateMachineArn: string;
  functionArn(folder: string): string;
}): Record<Exclude<keyof Starter, "executionArn">, Permission[]> {
  const invoke = (folder: string): Permission[] => [
    { actions: ["lambda:InvokeFunction"], resources: [scope.functionArn(folder)] },
  ];
  return {
    startIssuance: [{ actions: ["states:StartExecution"], resources: [scope.stateMachineArn] }],
    dispatch: invoke("dispatch"),
    sweep: invoke("sweep"),
    checkIssuer: invoke("check-issuer"),
    checkCertificates: invoke("check-certificates"),
    cleanUp: invoke("clean-up-challenge"),
    syncKubernetes: invoke("sync-kubernetes"),
    revoke: invoke("revoke-certificate"),
    rewriteSecrets: invoke("rewrite-secret"),
  };
}
