import { createPrivateKey, type KeyObject, sign } from "node:crypto";
import * as z from "zod/mini";
import type { DnsAccess } from "../../../core/dns-adapter.ts";
import { RefusedError } from "../../../core/errors.ts";
import { askJson, refusedBy } from "../json-api.ts";
import { vendor } from "./vendor.ts";

type Web = Pick<DnsAccess, "fetch" | "clock">;

export interface ServiceAccount {
  email: string;
  keyId: string | undefined;
  key: KeyObject;
}

/** Google's own endpoint; the `token_uri` in a key file is not followed, since a tenant wrote it. */
const tokenUrl = "https://oauth2.googleapis.com/token";
const scope = "https://www.googleapis.com/auth/ndev.clouddns.readwrite";
const lifeSeconds = 3_600;
/** A token is not used in its last minute. */
const marginMs = 60_000;

const keyFile = z.object({
  client_email: z.string().check(z.regex(/^[\x21-\x7e]+@[\x21-\x7e]+$/)),
  private_key: z.string(),
  private_key_id: z.optional(z.string()),
});
const granted = z.object({ access_token: z.string(), expires_in: z.number() });
const failure = z.object({ error: z.string(), error_description: z.optional(z.string()) });

/** Reads a service account's JSON key file. Throws RefusedError DnsCredentialInvalid. */
export function readServiceAccount(text: string): ServiceAccount {
  try {
    const { client_email: email, private_key, private_key_id: keyId } = keyFile.parse(JSON.parse(text));
    const key = createPrivateKey(private_key);
    if (key.asymmetricKeyType !== "rsa") throw new TypeError("Google's keys are RSA");
    return { email, keyId, key };
  } catch {
    // The parser's message may quote the file.
    throw new RefusedError({
      reason: "DnsCredentialInvalid",
      message: "the secret that serviceAccountSecretRef names holds no JSON key file of a Google service account",
      fix: "store the file as Google Cloud gave it when the key was created",
    });
  }
}

/** Access tokens by the JWT grant (RFC 7523), each used until shortly before it ends. */
export function accessTokens(account: ServiceAccount, web: Web): () => Promise<string> {
  let current: Promise<{ text: string; endsAt: number }> | undefined;
  return async () => {
    const now = web.clock.now().getTime();
    const known = await current?.catch(() => undefined);
    if (known && known.endsAt - marginMs > now) return known.text;
    current = grant(account, web);
    return (await current).text;
  };
}

async function grant(account: ServiceAccount, web: Web): Promise<{ text: string; endsAt: number }> {
  const now = web.clock.now().getTime();
  const body = new URLSearchParams({
    grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer",
    assertion: assertion(account, Math.floor(now / 1_000)),
  });
  const answer = await askJson(vendor, web, { method: "POST", url: tokenUrl, headers: {}, body });
  if (!answer.ok) {
    const said = failure.safeParse(answer.body).data;
    throw refusedBy(vendor, answer, `the key of ${account.email}`, said?.error_description ?? said?.error ?? "");
  }
  const { access_token: text, expires_in: seconds } = granted.parse(answer.body);
  return { text, endsAt: now + seconds * 1_000 };
}

function assertion({ email, keyId, key }: ServiceAccount, now: number): string {
  const header = { alg: "RS256", typ: "JWT", ...(keyId === undefined ? {} : { kid: keyId }) };
  const claims = { iss: email, scope, aud: tokenUrl, iat: now, exp: now + lifeSeconds };
  const signed = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
  return `${signed}.${sign("sha256", Buffer.from(signed), key).toString("base64url")}`;
}
