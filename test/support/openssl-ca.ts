import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
/** Of all certificates and lists but OCSP answers, which openssl dates itself. */
const validity = { from: "2026-11-01T00:00:00Z", until: "2027-02-01T00:00:00Z" };
const [startdate, enddate] = [validity.from, validity.until].map((time) => time.replace(/[-T:]/g, ""));

/** What to write into a leaf. */
export interface LeafWish {
  subject?: string;
  /** `DNS:www.example.com,URI:spiffe://example.com/a`; lines of openssl's extension file after it. */
  names?: string;
  more?: string[];
  /** Who signs it; the delegate is no CA. */
  signer?: "intermediate" | "delegate";
}

/** A two-level CA made and asked by the openssl program, in a temporary directory. */
export interface OpensslCa {
  rootPem: string;
  intermediatePem: string;
  /** Of the OCSP responder. */
  delegatePem: string;
  leaf(wish?: LeafWish): Promise<{ certificate: string; key: string }>;
  revoke(certificate: string, reason: string): Promise<void>;
  /** The intermediate's list, DER; its next update in the past when it is `old`, of changes only when it is a `delta`. */
  crl(how?: { old?: boolean; delta?: boolean }): Promise<Buffer>;
  /** Answers an OCSP request, as the intermediate or as its delegate. */
  ocsp(request: Uint8Array, signer?: "intermediate" | "delegate" | "stranger"): Promise<Buffer>;
  remove(): void;
}

const config = (directory: string) => `[ca]
default_ca = own
[own]
dir = ${directory}
database = ${directory}/index.txt
rand_serial = yes
new_certs_dir = ${directory}
default_md = sha256
policy = any
unique_subject = no
copy_extensions = none
[any]
commonName = optional
organizationName = optional
[delta]
2.5.29.27 = critical,DER:02:01:01
[req]
distinguished_name = dn
[dn]
`;

/** Makes it; each call of openssl takes some ten milliseconds. */
export async function opensslCa(): Promise<OpensslCa> {
  const directory = mkdtempSync(join(tmpdir(), "openssl-ca-"));
  const at = (name: string) => join(directory, name);
  const openssl = (...args: string[]) => run("openssl", args, { cwd: directory });
  const read = (name: string) => readFileSync(at(name), "utf8");
  let made = 0;
  writeFileSync(at("ca.cnf"), config(directory));
  writeFileSync(at("index.txt"), "");

  const sign = async (name: string, subject: string, extensions: string[], signer?: string) => {
    await openssl(
      ...["req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc"],
      ...["-config", "ca.cnf", "-subj", subject, "-keyout", `${name}.key`, "-out", `${name}.csr`],
    );
    writeFileSync(at(`${name}.ext`), `${extensions.join("\n")}\n`);
    const by = signer
      ? ["-cert", `${signer}.crt`, "-keyfile", `${signer}.key`]
      : ["-selfsign", "-keyfile", `${name}.key`];
    await openssl(
      ...["ca", "-batch", "-notext", "-config", "ca.cnf", "-in", `${name}.csr`, "-out", `${name}.crt`],
      ...["-extfile", `${name}.ext`, "-startdate", startdate ?? "", "-enddate", enddate ?? "", ...by],
    );
  };
  const ofCa = [
    "basicConstraints=critical,CA:TRUE",
    "keyUsage=critical,keyCertSign,cRLSign",
    "subjectKeyIdentifier=hash",
  ];
  await sign("root", "/CN=Openssl Root", ofCa);
  await sign("intermediate", "/CN=Openssl Intermediate/O=Example", ofCa, "root");
  await sign("stranger", "/CN=Openssl Intermediate/O=Example", ofCa);
  await sign("delegate", "/CN=Responder", ["extendedKeyUsage=OCSPSigning"], "intermediate");

  return {
    rootPem: read("root.crt"),
    intermediatePem: read("intermediate.crt"),
    delegatePem: read("delegate.crt"),
    leaf: async ({
      subject = "/CN=www.example.com/O=Example",
      names = "DNS:www.example.com",
      more = [],
      signer = "intermediate",
    } = {}) => {
      made += 1;
      await sign(`leaf${made}`, subject, [`subjectAltName=${names}`, ...more], signer);
      return { certificate: read(`leaf${made}.crt`), key: read(`leaf${made}.key`) };
    },
    revoke: async (certificate, reason) => {
      writeFileSync(at("revoked.crt"), certificate);
      const by = ["-cert", "intermediate.crt", "-keyfile", "intermediate.key"];
      await openssl("ca", "-config", "ca.cnf", "-revoke", "revoked.crt", "-crl_reason", reason, ...by);
    },
    crl: async ({ old = false, delta = false } = {}) => {
      const [last, next] = old ? ["20261101000000Z", "20261102000000Z"] : ["20261120000000Z", "20261127000000Z"];
      const times = ["-crl_lastupdate", last, "-crl_nextupdate", next];
      const by = ["-cert", "intermediate.crt", "-keyfile", "intermediate.key"];
      const extensions = delta ? ["-crlexts", "delta"] : [];
      await openssl("ca", "-config", "ca.cnf", "-gencrl", "-out", "list.pem", ...times, ...extensions, ...by);
      await openssl("crl", "-in", "list.pem", "-outform", "DER", "-out", "list.der");
      return readFileSync(at("list.der"));
    },
    ocsp: async (request, signer = "intermediate") => {
      writeFileSync(at("request.der"), request);
      await openssl(
        ...["ocsp", "-index", "index.txt", "-CA", "intermediate.crt", "-ndays", "7", "-reqin", "request.der"],
        ...["-rsigner", `${signer}.crt`, "-rkey", `${signer}.key`, "-respout", "answer.der"],
      );
      return readFileSync(at("answer.der"));
    },
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}
