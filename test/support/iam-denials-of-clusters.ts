import { asksAt } from "./iam-asks.ts";
import type { Fence } from "./iam-denials.ts";
import { inOurs } from "./iam-denials.ts";
import { throughS3 } from "./iam-s3.ts";
import { encryptionContext, throughSecretsManager } from "./iam-stores.ts";
import type { Installed } from "./iam-template.ts";

const owner = "aws:ResourceTag/certwright:owner";
const ofBundle = { [owner]: "_cluster/Bundle/corp" };
const ofCertificate = { [owner]: "web/Certificate/www" };
const ofIssuer = { [owner]: "_cluster/ClusterIssuer/letsencrypt" };
const giving = (to: string) => ({
  "aws:RequestTag/certwright:owner": to,
  "aws:TagKeys": ["certwright:owner", "certwright:namespace", "certwright:issuer"],
});
const given = giving(ofBundle[owner]);

/** What sync-kubernetes may, and who may call it. */
export function clusterFences(installed: Installed, keyMaterial: string): Fence[] {
  return [...rows(installed, keyMaterial), ...secrets(installed, keyMaterial), ...calls(installed, keyMaterial)].map(
    (fence) => ({ functions: ["sync-kubernetes"], ...fence }),
  );
}

type OwnFence = Omit<Fence, "functions"> & Partial<Fence>;

function rows({ place }: Installed, keyMaterial: string): OwnFence[] {
  const { row } = asksAt(place, keyMaterial);
  return [
    {
      title: "rows of Clusters listed, and no tenant's",
      functions: ["resync"],
      allowed: row("Query", "state", "_cluster"),
      denied: [
        row("Query", "state", "web"),
        row("Query", "state", "_system"),
        row("Query", "state", "_http01"),
        row("Query", "state"),
      ],
    },
    {
      title: "all partitions listed but _system",
      allowed: row("Query", "state", "web"),
      denied: [
        row("Query", "state", "_system"),
        row("Query", "state", "_http01"),
        row("Query", "state"),
        row("Query", "requests", "_cluster"),
        row("Scan", "state"),
      ],
    },
    {
      title: "rows written, and none under _system",
      allowed: row("PutItem", "state", "web"),
      denied: [
        row("PutItem", "state", "_system"),
        row("PutItem", "state", "_http01"),
        row("PutItem", "state"),
        row("PutItem", "requests", "_cluster"),
      ],
    },
    {
      title: "fields changed of the rows of clusters alone",
      allowed: row("UpdateItem", "state", "_cluster/blue"),
      denied: [row("UpdateItem", "state", "web"), row("UpdateItem", "state", "_system"), row("UpdateItem", "state")],
    },
    {
      title: "rows deleted in clusters and of Certificates, but no Cluster and no Bundle",
      allowed: row("DeleteItem", "state", "_cluster/blue"),
      denied: [
        row("DeleteItem", "state", "_cluster"),
        row("DeleteItem", "state", "_system"),
        row("DeleteItem", "state", "_http01"),
        row("DeleteItem", "state", "web", "_system"),
        row("DeleteItem", "state"),
        row("DeleteItem", "requests", "web"),
      ],
    },
  ];
}

function secrets({ place }: Installed, keyMaterial: string): OwnFence[] {
  const { secret, key, object, secretArn, bucket } = asksAt(place, keyMaterial);
  const bundle = "certwright/_cluster/bundle-corp";
  const account = "certwright/_cluster/letsencrypt-account";
  const mine = "certwright/web/www-tls";
  const through = (name: string) => throughSecretsManager(place, secretArn(name));
  return [
    {
      title: "what a person stored in _cluster, and no account key",
      allowed: secret("GetSecretValue", "certwright/_cluster/blue-token"),
      denied: [
        secret("GetSecretValue", account, ofIssuer),
        secret("GetSecretValue", bundle, ofBundle),
        secret("GetSecretValue", "certwright/web/blue-token"),
        secret("GetSecretValue", "other/_cluster/blue-token"),
      ],
    },
    {
      title: "Bundles made as stored secrets, with their tags and under their names",
      allowed: secret("CreateSecret", bundle, given),
      denied: [
        secret("CreateSecret", bundle),
        secret("CreateSecret", bundle, giving("web/Certificate/www")),
        secret("CreateSecret", bundle, { ...given, "aws:TagKeys": ["certwright:owner", "cost-center"] }),
        secret("CreateSecret", "certwright/_cluster/corp", given),
        secret("CreateSecret", "certwright/web/bundle-corp", given),
        secret("TagResource", bundle, { ...ofIssuer, ...given }),
      ],
    },
    {
      title: "Bundles written, and no secret of anybody else; none deleted",
      allowed: secret("PutSecretValue", bundle, ofBundle),
      denied: [
        secret("PutSecretValue", bundle),
        secret("PutSecretValue", bundle, ofIssuer),
        secret("PutSecretValue", mine, ofCertificate),
        secret("UpdateSecretVersionStage", mine, ofCertificate),
        secret("DescribeSecret", mine, ofCertificate),
        secret("DeleteSecret", bundle, { ...ofBundle, "secretsmanager:RecoveryWindowInDays": "7" }),
        object("PutObject", mine),
        object("DeleteObject", mine),
      ],
    },
    {
      title: "the key to encrypt Bundles, and nothing else",
      allowed: key("GenerateDataKey", through(bundle)),
      denied: [
        key("GenerateDataKey", through(mine)),
        key("GenerateDataKey", throughSecretsManager({ ...place, region: "us-east-1" }, secretArn(bundle))),
        key("GenerateDataKey", throughS3(place, bucket)),
        key("GenerateDataKey", encryptionContext(inOurs)),
        key("GenerateDataKey", encryptionContext({ SecretARN: secretArn(bundle) })),
        key("Decrypt", encryptionContext(inOurs)),
      ],
    },
  ];
}

function calls({ place }: Installed, keyMaterial: string): OwnFence[] {
  const { assume, invoke, bus } = asksAt(place, keyMaterial);
  const sync = invoke("certwright-sync-kubernetes");
  return [
    {
      title: "roles that trust its Clusters, and no tenant's",
      allowed: assume("certwright-eks-blue", "certwright/_cluster"),
      denied: [
        assume("certwright-shop-dns", "certwright/shop"),
        assume("certwright-eks-blue", "other/_cluster"),
        assume("certwright-eks-blue"),
        assume("administrator", "certwright/_cluster"),
        invoke("certwright-dispatch"),
        sync,
        bus(["certwright"]),
      ],
    },
    {
      title: "sync-kubernetes called by its name",
      functions: ["dispatch", "sweep", "resync"],
      allowed: sync,
      denied: [invoke("certwright-write-secret"), invoke("other-sync-kubernetes")],
    },
  ];
}
