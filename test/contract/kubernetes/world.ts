import { expect } from "vitest";
import { RateLimitedError, type RefusedError } from "../../../core/errors.ts";
import type { Kubernetes, KubernetesObject, ObjectRef } from "../../../core/kubernetes/port.ts";

/** What the suite needs around an apiserver. */
export interface KubernetesWorld {
  /**
   * The door of a user who has only the rights that the suite needs, in every namespace: to get, list, create, patch and
   * delete Secrets and Deployments, and to list namespaces.
   */
  kubernetes: Kubernetes;
  /** The door of a user without rights. */
  powerless: Kubernetes;
  /** Two namespaces made for this test, with the label `suite=<first of them>` on both. */
  namespaces: [string, string];
  /** A namespace that is being deleted. */
  terminating: string;
  /** A namespace that does not exist. */
  missing: string;
  /** A namespace that takes no further Secret (a ResourceQuota). */
  full: string;
  /** The same apiserver with credentials that it does not know. */
  stranger: Kubernetes;
  /** An apiserver that is not there. */
  dead: Kubernetes;
  /** `kubectl create`. */
  create(object: KubernetesObject, manager: string): Promise<void>;
  /** `kubectl edit`: a merge patch of somebody else. */
  edit(ref: ObjectRef, change: object, manager: string): Promise<void>;
}

export const otherUid = "11111111-1111-4111-8111-111111111111";
export const theirs = { fieldManager: "certwright-two", force: false };
export const ours = { fieldManager: "certwright-one", force: false };

/** The refusal that is expected; anything else fails, saying what came. */
export async function refusal(attempt: Promise<unknown>, reason: string): Promise<RefusedError> {
  const error = await attempt.then(
    (value) => new Error(`it was done: ${JSON.stringify(value)?.slice(0, 200)}`),
    (thrown: unknown) => thrown,
  );
  expect(error).not.toBeInstanceOf(RateLimitedError);
  expect(error).toMatchObject({ name: "RefusedError", reason });
  return error as RefusedError;
}

interface SecretParts {
  data?: Record<string, string>;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  uid?: string;
  resourceVersion?: string;
}

export function secretOf(namespace: string, name: string, { data, ...metadata }: SecretParts = {}): KubernetesObject {
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { namespace, name, ...metadata },
    type: "kubernetes.io/tls",
    data: { "tls.crt": b64("a certificate"), "tls.key": b64("a private key"), ...data },
  };
}

export function deploymentOf(namespace: string, name: string): KubernetesObject {
  const labels = { app: name };
  const containers = [{ name: "main", image: "example.com/image:1" }];
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { namespace, name, labels },
    spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers } } },
  };
}

export function b64(text: string): string {
  return Buffer.from(text).toString("base64");
}

export function big(mebibytes: number): string {
  return Buffer.alloc(mebibytes * 1024 * 1024, "x").toString("base64");
}
