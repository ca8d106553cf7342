/**
 * cert-manager's usages as X.509 knows them: bits of KeyUsage (RFC 5280 4.2.1.3, bit 0 = digitalSignature) and
 * ExtendedKeyUsage OIDs (4.2.1.12) in the order asked. An unknown usage is an Error: the schema refuses it before.
 */
export function encodeUsages(usages: readonly string[]): { keyUsageBits: number[]; extendedOids: string[] } {
  const unknown = usages.filter((usage) => !(usage in keyUsages || usage in extendedKeyUsages));
  if (unknown.length > 0) throw new RangeError(`unknown usages: ${unknown.join(", ")}`);
  return { keyUsageBits: pick(usages, keyUsages), extendedOids: pick(usages, extendedKeyUsages) };
}

export const keyUsages: Record<string, number> = {
  signing: 0,
  "digital signature": 0,
  "content commitment": 1,
  "key encipherment": 2,
  "data encipherment": 3,
  "key agreement": 4,
  "cert sign": 5,
  "crl sign": 6,
  "encipher only": 7,
  "decipher only": 8,
};

export const extendedKeyUsages: Record<string, string> = {
  any: "2.5.29.37.0",
  "server auth": "1.3.6.1.5.5.7.3.1",
  "client auth": "1.3.6.1.5.5.7.3.2",
  "code signing": "1.3.6.1.5.5.7.3.3",
  "email protection": "1.3.6.1.5.5.7.3.4",
  "s/mime": "1.3.6.1.5.5.7.3.4",
  "ipsec end system": "1.3.6.1.5.5.7.3.5",
  "ipsec tunnel": "1.3.6.1.5.5.7.3.6",
  "ipsec user": "1.3.6.1.5.5.7.3.7",
  timestamping: "1.3.6.1.5.5.7.3.8",
  "ocsp signing": "1.3.6.1.5.5.7.3.9",
  "microsoft sgc": "1.3.6.1.4.1.311.10.3.3",
  "netscape sgc": "2.16.840.1.113730.4.1",
};

function pick<T>(usages: readonly string[], table: Record<string, T>): T[] {
  const picked = usages.map((usage) => table[usage]).filter((value) => value !== undefined);
  return [...new Set(picked)];
}
