import { X509Certificate } from "node:crypto";
import type { AcmeIssuer, Order } from "../../../core/acme-port.ts";
import { isNamed } from "../../../core/errors.ts";
import { badReply } from "./replies.ts";
import type { Session } from "./session.ts";

/** Certificates and their alternate chains (RFC 8555 7.4.2). */
export function acmeChains(session: Session): Pick<AcmeIssuer, "download"> {
  return {
    async download(order, preferredChain) {
      const first = await fetchChain(session, certificateUrlOf(order));
      if (preferredChain === undefined || leadsTo(first.chain, preferredChain)) return { chain: first.chain };
      for (const url of first.alternates) {
        const chain = await alternate(session, url);
        if (chain !== undefined && leadsTo(chain, preferredChain)) return { chain };
      }
      return { chain: first.chain, notPreferred: true };
    },
  };
}

/** A CA has two or three; more would only cost time. */
const mostAlternates = 10;

function certificateUrlOf(order: Order): string {
  if (order.certificateUrl === undefined) throw badReply("the order: no certificate yet");
  return order.certificateUrl;
}

async function fetchChain(session: Session, url: string): Promise<{ chain: string; alternates: string[] }> {
  const reply = await session.post(url, null, "certificate");
  const text = typeof reply.data === "string" ? reply.data.replaceAll("\r\n", "\n").trim() : "";
  const blocks = text.match(/-----BEGIN CERTIFICATE-----\n[A-Za-z0-9+/=\n]+\n-----END CERTIFICATE-----/g) ?? [];
  // Nothing but certificates may be in it (RFC 8555 7.4.2): it goes into files that web servers read.
  if (blocks.length === 0 || text.replace(/\s+/g, "") !== blocks.join("").replace(/\s+/g, ""))
    throw badReply("the certificate: not a chain of PEM certificates");
  if (!blocks.every(isCertificate)) throw badReply("the certificate: a block cannot be parsed");
  return { chain: `${blocks.join("\n")}\n`, alternates: alternatesIn(reply.headers.link, url) };
}

/** An alternate that is away for a moment is asked for again with the whole step; one that is broken is no choice. */
async function alternate(session: Session, url: string): Promise<string | undefined> {
  try {
    return (await fetchChain(session, url)).chain;
  } catch (error) {
    if (isNamed(error) && (error.name === "RefusedError" || error.reason === "BadReply")) return undefined;
    throw error;
  }
}

/** Of a Link header (RFC 8288) with the relations of all its links; URLs may be relative. */
function alternatesIn(header: string | undefined, base: string): string[] {
  const links = [...(header ?? "").matchAll(/<([^>]*)>((?:\s*;\s*[\w*-]+\s*=\s*(?:"[^"]*"|[^\s;,"]+))*)/g)];
  const urls = links.flatMap(([, target = "", parameters = ""]) => {
    const rel = /;\s*rel\s*=\s*(?:"([^"]*)"|([^\s;,"]+))/i.exec(parameters);
    const relations = (rel?.[1] ?? rel?.[2] ?? "").toLowerCase().split(/\s+/);
    const url = URL.parse(target, base);
    return relations.includes("alternate") && url ? [url.href] : [];
  });
  return [...new Set(urls)].slice(0, mostAlternates);
}

/** cert-manager's rule: the issuer's common name in the topmost certificate. */
function leadsTo(chain: string, commonName: string): boolean {
  const top = chain.slice(chain.lastIndexOf("-----BEGIN"));
  const { CN } = new X509Certificate(top).toLegacyObject().issuer;
  return [CN].flat().includes(commonName);
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch {
    return false;
  }
}
