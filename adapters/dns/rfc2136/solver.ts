import type { SolverKind } from "../../../core/dns-adapter.ts";
import { invalidValue, quote, requiredValue, unsupportedValue } from "../../../core/field-fault.ts";
import type { Fields } from "../../../core/field-reader.ts";
import { type NameServer, parseNameServer } from "../../../core/name-server.ts";
import { readSecretRef, type SecretRef } from "../../../core/secret-ref.ts";

/** cert-manager's `dns01.rfc2136`. */
export interface Rfc2136Solver {
  nameserver: NameServer;
  protocol: "UDP" | "TCP";
  /** Absent: updates are sent unsigned. */
  tsig?: { keyName: string; algorithm: TsigAlgorithm; secretRef: SecretRef };
}

/** cert-manager's names. */
const algorithms = ["HMACMD5", "HMACSHA1", "HMACSHA256", "HMACSHA512"] as const;
export type TsigAlgorithm = (typeof algorithms)[number];

export const rfc2136Solver: SolverKind<Rfc2136Solver> = {
  table: {
    nameserver: "read",
    tsigKeyName: "read",
    tsigSecretSecretRef: "read",
    tsigAlgorithm: "read",
    protocol: "read",
  },
  read: (fields) => {
    const nameserver = readNameServer(fields);
    const algorithm = readAlgorithm(fields);
    const protocol = fields.oneOf("protocol", ["UDP", "TCP"]) ?? "UDP";
    const key = readKey(fields);
    return { nameserver, protocol, ...(key === undefined ? {} : { tsig: { ...key, algorithm } }) };
  },
};

function readNameServer(fields: Fields): NameServer {
  const text = fields.text("nameserver");
  const fix = "write host or host:port, such as ns1.example.com:53 or [2001:db8::1]:53";
  if (!fields.isSet("nameserver")) fields.fault("nameserver", requiredValue("the server that takes the updates"), fix);
  if (text === undefined) return { host: "", port: 53 };
  const server = parseNameServer(text);
  if (server) return server;
  const why =
    "nameserver must be set in the form host:port where host is an IPv4 address, an enclosed IPv6 address or a hostname and port is an optional port number.";
  fields.fault("nameserver", invalidValue(quote(text), why), fix);
  return { host: "", port: 53 };
}

/** Case does not matter; HMACMD5 is cert-manager's default. */
function readAlgorithm(fields: Fields): TsigAlgorithm {
  const text = fields.text("tsigAlgorithm");
  const known = algorithms.find((name) => name === text?.toUpperCase());
  if (text !== undefined && known === undefined) {
    const fix = "write the algorithm that the key has at the name server, such as HMACSHA256";
    fields.fault("tsigAlgorithm", unsupportedValue(quote(text), algorithms), fix);
  }
  return known ?? "HMACMD5";
}

const keyNameSyntax = /^(?!.{254})[\w-]{1,63}(\.[\w-]{1,63})*\.?$/;

function readKey(fields: Fields): { keyName: string; secretRef: SecretRef } | undefined {
  const keyName = fields.text("tsigKeyName");
  if (!(fields.isSet("tsigKeyName") || fields.isSet("tsigSecretSecretRef"))) return undefined;
  const secretRef = readSecretRef(fields, "tsigSecretSecretRef", {
    name: "secret name is required",
    key: "secret key is required",
  });
  const fix = "write the name that the key has at the name server";
  if (!fields.isSet("tsigKeyName")) fields.fault("tsigKeyName", requiredValue("the secret belongs to a key"), fix);
  if (keyName !== undefined && !keyNameSyntax.test(keyName)) {
    fields.fault("tsigKeyName", invalidValue(quote(keyName), "must be a domain name"), fix);
  }
  return { keyName: (keyName ?? "").replace(/\.$/, "").toLowerCase(), secretRef };
}
