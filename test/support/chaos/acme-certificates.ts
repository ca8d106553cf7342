import "reflect-metadata";
import { Pkcs10CertificateRequest } from "@peculiar/x509";
import { makeCsr } from "../../../adapters/keys/csr.ts";
import { makePrivateKey } from "../../../adapters/keys/private-key.ts";
import { type Chain, makeChain } from "../test-chain.ts";

/** What a CA may send that must not reach a secret. */
export interface BadCertificate {
  what: string;
  /** In the message of the condition. */
  words: RegExp;
  /** The CA's answer itself cannot be used: it is asked again for the same certificate. Otherwise the attempt ends. */
  unreadable?: true;
  /** Only what replaces a working one can be wrong in this way. */
  renewalOnly?: true;
  make(asked: Wanted): Promise<string>;
}

/** What the CA was asked for, and what it would send. */
export interface Wanted {
  csr: Pkcs10CertificateRequest;
  names: string[];
  /** PEM, leaf first. */
  right: string;
  now: Date;
  /** Epoch ms, of the working certificate. */
  notAfter?: number | undefined;
}

const daySeconds = 86_400;

/** A chain of another CA for this request, made at `now` plus so many days. */
async function signed({ csr, names, now }: Wanted, change: { days?: number; names?: string[]; seconds?: number } = {}) {
  const { days = 0, seconds = 90 * daySeconds } = change;
  const at = new Date(now.getTime() + days * daySeconds * 1_000);
  const chain: Chain = await makeChain({ now: () => at });
  const pem = await chain.sign(csr, change.names ?? names, seconds);
  return { pem, blocks: blocksOf(pem), root: chain.rootPem };
}

/** The certificates of a PEM text. */
function blocksOf(pem: string): string[] {
  return pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n/g) ?? [];
}

const refused = /^the CA's certificate was refused: /.source;
const unusable = /^The CA's answer cannot be used: the certificate: /.source;

export const badCertificates: BadCertificate[] = [
  {
    what: "for another key",
    words: new RegExp(`${refused}it is for another key; the stored secret stays`),
    make: async (wanted) => (await signed({ ...wanted, csr: await requestOfAnotherKey(wanted.names) })).pem,
  },
  {
    what: "expired",
    words: new RegExp(`${refused}it expired on `),
    make: async (wanted) => (await signed(wanted, { days: -10, seconds: 5 * daySeconds })).pem,
  },
  {
    what: "valid from the day after tomorrow",
    words: new RegExp(`${refused}it is not valid before `),
    make: async (wanted) => (await signed(wanted, { days: 2 })).pem,
  },
  {
    what: "not newer than the working one",
    words: new RegExp(`${refused}it ends on .*, not later than the one it renews`),
    renewalOnly: true,
    make: async (wanted) => {
      const left = ((wanted.notAfter ?? 0) - wanted.now.getTime()) / 1_000;
      return (await signed(wanted, { seconds: Math.floor(left) - 1 })).pem;
    },
  },
  {
    what: "for another name",
    words: new RegExp(`${refused}it lacks the name `),
    make: async (wanted) => (await signed(wanted, { names: ["elsewhere.example.test"] })).pem,
  },
  {
    what: "for one name more",
    words: new RegExp(`${refused}it has the name elsewhere.example.test, which nobody asked for`),
    make: async (wanted) => (await signed(wanted, { names: [...wanted.names, "elsewhere.example.test"] })).pem,
  },
  {
    what: "with a chain that lacks the intermediate before its root",
    words: new RegExp(`${refused}its chain is incomplete`),
    make: async (wanted) => {
      const { blocks, root } = await signed(wanted);
      return blocks[0] + root;
    },
  },
  {
    what: "with the intermediate of another CA of the same name",
    words: new RegExp(`${refused}its chain is incomplete`),
    make: async (wanted) => `${(await signed(wanted)).blocks[0]}${(await signed(wanted)).blocks[1]}`,
  },
  {
    what: "with its chain upside down",
    words: new RegExp(`${refused}it is for another key`),
    make: async ({ right }) => blocksOf(right).reverse().join(""),
  },
  {
    what: "cut in the middle of the leaf",
    words: new RegExp(`${unusable}not a chain of PEM certificates`),
    unreadable: true,
    make: async ({ right }) => right.slice(0, (blocksOf(right)[0]?.length ?? 0) / 2),
  },
  {
    what: "cut in the middle of the intermediate",
    words: new RegExp(`${unusable}not a chain of PEM certificates`),
    unreadable: true,
    make: async ({ right }) => right.slice(0, right.length - 200),
  },
  {
    what: "with bytes that are no certificate",
    words: new RegExp(`${unusable}a block cannot be parsed`),
    unreadable: true,
    make: async ({ right }) => right.replace(/\n[A-Za-z0-9+/]{64}\n/, `\n${"A".repeat(64)}\n`),
  },
  {
    what: "with a private key beside it",
    words: new RegExp(`${unusable}not a chain of PEM certificates`),
    unreadable: true,
    make: async ({ right }) => `${right}-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n`,
  },
  {
    what: "as an empty body",
    words: new RegExp(`${unusable}not a chain of PEM certificates`),
    unreadable: true,
    make: async () => "",
  },
  {
    what: "as a web page",
    words: new RegExp(`${unusable}not a chain of PEM certificates`),
    unreadable: true,
    make: async () => "<html><body>Please sign in to the network.</body></html>",
  },
];

async function requestOfAnotherKey(names: string[]): Promise<Pkcs10CertificateRequest> {
  const pkcs8 = await makePrivateKey({ algorithm: "ECDSA" });
  const { der } = await makeCsr({ pkcs8, names, usages: [], encodeUsages: false });
  return new Pkcs10CertificateRequest(new Uint8Array(der));
}
