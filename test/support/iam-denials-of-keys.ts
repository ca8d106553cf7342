import { asksAt } from "./iam-asks.ts";
import type { Fence } from "./iam-denials.ts";
import { inOurs, ofTheCa } from "./iam-denials.ts";
import { throughS3 } from "./iam-s3.ts";
import { encryptionContext, throughSecretsManager } from "./iam-stores.ts";
import type { Installed } from "./iam-template.ts";

/** With the key for key material; `records` is the other key. */
export function keyFences({ place }: Installed, keyMaterial: string, records: string): Fence[] {
  const { key, secretArn, bucket } = asksAt(place, keyMaterial);
  const mine = secretArn("certwright/web/www-tls");
  const sealing = (verb: string, context: Record<string, string>) => key(verb, encryptionContext(context));
  return [
    {
      title: "sealing in our context alone, and no opening",
      functions: ["prepare"],
      allowed: sealing("GenerateDataKey", inOurs),
      denied: [
        sealing("Decrypt", inOurs),
        sealing("GenerateDataKey", { ...inOurs, instance: "other" }),
        sealing("GenerateDataKey", { ...inOurs, more: "1" }),
        sealing("GenerateDataKey", { instance: "certwright", namespace: "web" }),
        sealing("GenerateDataKey", { instance: "certwright", attempt: "3f1c" }),
        sealing("Encrypt", inOurs),
        key("GenerateDataKey", {}),
        key("GenerateDataKey", encryptionContext(inOurs), records),
      ],
    },
    {
      title: "opening in our context alone, and no sealing",
      functions: ["write-secret", "sign"],
      allowed: sealing("Decrypt", inOurs),
      denied: [
        sealing("GenerateDataKey", inOurs),
        sealing("Decrypt", { ...inOurs, instance: "other" }),
        sealing("Decrypt", { instance: "certwright", namespace: "web" }),
        sealing("Decrypt", { instance: "certwright", attempt: "3f1c" }),
        sealing("Decrypt", { ...inOurs, SecretARN: mine }),
        sealing("Decrypt", { SecretARN: mine }),
        sealing("CreateGrant", inOurs),
        key("Decrypt", {}),
      ],
    },
    {
      title: "the key through Secrets Manager, for secrets of its own instance",
      functions: [
        "prepare",
        ...ofTheCa,
        "sign",
        "write-secret",
        "rewrite-secret",
        "sync-kubernetes",
        "revoke-certificate",
      ],
      allowed: key("Decrypt", throughSecretsManager(place, mine)),
      denied: [
        key("Decrypt", throughSecretsManager(place, secretArn("other/web/www-tls"))),
        key("Decrypt", throughSecretsManager({ ...place, region: "us-east-1" }, mine)),
        sealing("Decrypt", { SecretARN: mine }),
      ],
    },
    {
      title: "the key through S3, for its own bucket",
      functions: [
        "prepare",
        "sign",
        "check-issuer",
        "write-secret",
        "rewrite-secret",
        "sync-kubernetes",
        "revoke-certificate",
      ],
      allowed: key("Decrypt", throughS3(place, bucket)),
      denied: [key("Decrypt", throughS3(place, `${bucket}-2`)), sealing("Decrypt", { "aws:s3:arn": bucket })],
    },
  ];
}
