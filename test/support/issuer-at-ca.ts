import { createPublicKey } from "node:crypto";
import { keyInSecret } from "../../core/account-key.ts";
import { checkIssuer } from "../../core/check-issuer.ts";
import type { Deps } from "../../core/deps.ts";
import type { IssuerRow } from "../../core/rows.ts";
import type { Account } from "./acme-ca-state.ts";
import { openPipeline, type Pipeline } from "./pipeline.ts";
import { thumbprintOf } from "./thumbprint.ts";

const key = { namespace: "_cluster", kind: "ClusterIssuer", name: "ca" } as const;
/** The stored secret of the issuer's account key. */
export const accountSecret = "certwright/_cluster/ca-account";

export type IssuerAtCa = Awaited<ReturnType<typeof issuerAtCa>>;

/** The ClusterIssuer `ca` of a pipeline, as its user writes it and as State and the CA see it. */
export async function issuerAtCa(p?: Pipeline) {
  const pipeline = p ?? (await openPipeline());
  const { requests, state, stores, ca, deps } = pipeline;
  return {
    p: pipeline,
    key,
    /** Writes the issuer with these fields of acme and these annotations. */
    put: (acme: object = {}, annotations: Record<string, string> = {}) =>
      requests.put({
        key,
        apiVersion: "cert-manager.io/v1",
        metadata: { annotations },
        spec: {
          acme: {
            server: "https://memory.test/directory",
            privateKeySecretRef: { name: "ca-account" },
            profile: "default",
            solvers: [{ dns01: { route53: {} } }],
            ...acme,
          },
        },
      }),
    check: (changed: Partial<Deps> = {}) => checkIssuer({ ...deps, ...changed }, key),
    row: async (): Promise<IssuerRow> => (await state.issuer(key)) ?? ({} as IssuerRow),
    reasons: async () => (await state.events(key, 20)).map(({ reason }) => reason).reverse(),
    /** What the secret holds: thumbprints by field. */
    storedKeys: async () => {
      const fields = JSON.parse((await stores.secretsManager.read(accountSecret))?.value ?? "{}");
      return Object.fromEntries(Object.entries<string>(fields).map(([name, pem]) => [name, thumbprintOf(pem)]));
    },
    keyType: async () => {
      const { value = "" } = (await stores.secretsManager.read(accountSecret)) ?? {};
      return createPublicKey(keyInSecret(value, "", "tls.key")).asymmetricKeyDetails;
    },
    accounts: (): Account[] => [...ca.accounts.values()],
  };
}
