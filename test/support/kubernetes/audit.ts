import { randomUUID } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { KubernetesClient } from "../../../local/kubernetes/client.ts";

/** A request that an apiserver answered, as its audit log has it. */
export interface AuditedRequest {
  /** Absent when nobody could be told from the credentials. */
  user?: string;
  /** RBAC's: get, list, watch, create, update, patch, delete. */
  verb: string;
  /** `secrets`, `deployments/status`; absent for paths like /version. */
  resource?: string;
  /** `""` is the core group. */
  group?: string;
  namespace?: string;
  name?: string;
  path: string;
  code: number;
  /** Epoch ms. */
  at: number;
  userAgent?: string;
}

/**
 * All requests so far that were answered, oldest first. The log is written a moment after the answer, so a request of our
 * own goes behind them and is waited for; an apiserver that cannot be asked has written what it will write.
 */
export async function auditedRequests(auditFile: string, admin: KubernetesClient): Promise<AuditedRequest[]> {
  const mark = `/version?mark=${randomUUID()}`;
  const asked = await admin.ask("GET", mark).then(
    () => true,
    () => false,
  );
  for (let tries = 0; ; tries += 1) {
    const requests = read(auditFile);
    if (!asked || tries === 200 || requests.some(({ path }) => path === mark)) {
      return requests.filter(({ path }) => !path.startsWith("/version?mark="));
    }
    await sleep(10);
  }
}

interface AuditEvent {
  requestURI: string;
  verb: string;
  user?: { username?: string };
  userAgent?: string;
  objectRef?: { resource?: string; subresource?: string; namespace?: string; name?: string; apiGroup?: string };
  responseStatus?: { code?: number };
  requestReceivedTimestamp: string;
}

function read(auditFile: string): AuditedRequest[] {
  if (!existsSync(auditFile)) return [];
  // The last line may be half written.
  const lines = readFileSync(auditFile, "utf8").split("\n").slice(0, -1);
  return lines.map((line) => requestOf(JSON.parse(line))).sort((a, b) => a.at - b.at);
}

function requestOf({
  requestURI,
  verb,
  user,
  userAgent,
  objectRef,
  responseStatus,
  ...event
}: AuditEvent): AuditedRequest {
  const { resource, subresource, namespace, name } = objectRef ?? {};
  return {
    ...(user?.username && { user: user.username }),
    verb,
    ...(resource && { resource: subresource ? `${resource}/${subresource}` : resource }),
    ...(objectRef && { group: objectRef.apiGroup ?? "" }),
    ...(namespace && { namespace }),
    ...(name && { name }),
    path: requestURI,
    code: responseStatus?.code ?? 0,
    at: Date.parse(event.requestReceivedTimestamp),
    ...(userAgent && { userAgent }),
  };
}
