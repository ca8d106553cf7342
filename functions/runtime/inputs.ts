import * as z from "zod/mini";
import { kinds } from "../../core/resource.ts";

/** What the functions are called with, parsed at the border. */

/** Names one attempt. */
export const attemptRef = z.object({
  namespace: z.string(),
  kind: z.exactOptional(z.literal("CertificateRequest")),
  name: z.string(),
  attemptId: z.string(),
});

/** A task of issue-certificates. */
export const stepInput = z.object({
  leaseId: z.string(),
  issuer: z.string(),
  live: z.array(attemptRef),
  waiting: z.array(attemptRef),
  round: z.number(),
  since: z.nullable(z.number()),
  retryCount: z.number(),
  // Executions that began before this field was there go on by the state machine that they began with.
  entered: z.exactOptional(z.iso.datetime()),
});

/** Clean up challenge, from an execution or from the sweep. */
export const cleanUpInput = z.object({
  attempts: z.array(attemptRef),
  issuer: z.string(),
  leaseId: z.optional(z.string()),
  failed: z.optional(z.nullable(z.string())),
});

/** The key of an object, as functions hand it to each other. */
export const resourceKey = z.object({ namespace: z.string(), kind: z.enum(kinds), name: z.string() });

const certificateRef = z.object({ namespace: z.string(), name: z.string() });

/** Sync Kubernetes: from dispatch, sweep and resync (core/kubernetes/state.ts), or a fact on the bus (docs/events). */
export const syncInput = z.union([
  z.object({ certificates: z.array(certificateRef) }),
  z.object({ key: resourceKey, replan: z.exactOptional(z.boolean()) }),
  z.object({
    source: z.literal("certwright"),
    "detail-type": z.literal("Cluster Sync Requested"),
    detail: z.object({ certificates: z.array(certificateRef) }),
  }),
  z.object({
    source: z.literal("certwright"),
    "detail-type": z.literal("Certificate Deleted"),
    detail: certificateRef,
  }),
]);

/** Check issuer: from dispatch and sweep, or the fact that a CA has a new certificate. */
export const issuerInput = z.union([
  z.object({ key: resourceKey }),
  z.object({
    source: z.literal("certwright"),
    "detail-type": z.literal("Certificate Issued"),
    detail: z.object({ namespace: z.string(), secretName: z.string() }),
  }),
]);

/** A DynamoDB stream event of the Requests table; only the keys are looked at. */
export const streamEvent = z.object({
  Records: z.array(
    z.object({
      dynamodb: z.object({
        SequenceNumber: z.string(),
        Keys: z.object({ namespace: z.object({ S: z.string() }), resource: z.object({ S: z.string() }) }),
      }),
    }),
  ),
});
export type StreamRecord = z.infer<typeof streamEvent>["Records"][number];
