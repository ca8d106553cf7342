/** One statement that an adapter needs allowed, as plain data: cdk turns it into IAM (Effect Allow). */
export interface Permission {
  /** `service:Action`, never a wildcard. */
  actions: string[];
  /** ARNs; `*` only where AWS offers none. */
  resources: string[];
  /** IAM's shape: operator, then condition key, then value or values. */
  conditions?: Record<string, Record<string, unknown>>;
}
