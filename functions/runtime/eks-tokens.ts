import { awsFault } from "../../core/aws-fault.ts";
import type { ClusterAuth } from "../../core/kubernetes/cluster.ts";
import type { Clock } from "../../core/ports.ts";
import type { ClientConfig } from "./deps.ts";
import { withRole } from "./role.ts";

type Eks = Extract<ClusterAuth, { eks: unknown }>["eks"];

/** Tokens for EKS apiservers (adapters/aws/eks-token.ts). */
export interface EksTokens {
  token(eks: Eks): Promise<string>;
  /** The apiserver refused it: the next one is made of fresh credentials. */
  forget(eks: Eks): void;
}

/** An apiserver takes a token for 15 minutes, and a run of sync-kubernetes may use one for five. */
const tokenLifeMs = 8 * 60_000;

/** Signs as the function itself, or as the role that the Cluster names; keeps tokens while the function is warm. */
export function eksTokens(instance: string, { client, clock }: { client: ClientConfig; clock: Clock }): EksTokens {
  const known = new Map<string, { token: Promise<string>; until: number }>();
  return {
    token: (eks) => {
      const now = clock.now().getTime();
      const cached = known.get(idOf(eks));
      if (cached && cached.until > now) return cached.token;
      const token = sign(eks, `${instance}/_cluster`, client, clock);
      known.set(idOf(eks), { token, until: now + tokenLifeMs });
      token.catch(() => known.delete(idOf(eks)));
      return token;
    },
    forget: (eks) => void known.delete(idOf(eks)),
  };
}

function idOf({ clusterName, region, roleArn }: Eks): string {
  return JSON.stringify([clusterName, region, roleArn]);
}

async function sign(eks: Eks, externalId: string, client: ClientConfig, clock: Clock): Promise<string> {
  const { clusterName, region, roleArn } = eks;
  const [{ STSClient }, { eksToken }] = await Promise.all([
    import("@aws-sdk/client-sts"),
    import("../../adapters/aws/eks-token.ts"),
  ]);
  const access = roleArn === undefined ? client : await withRole(client, clock, roleArn, externalId);
  const stsClient = new STSClient({ ...access, region });
  try {
    return await eksToken({ clusterName, region, stsClient, clock });
  } catch (error) {
    throw awsFault(error, { service: "STS", action: "sts:GetCallerIdentity", resource: `EKS cluster ${clusterName}` });
  }
}
