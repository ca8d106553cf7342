import { encodeUsages, extendedKeyUsages, keyUsages } from "../usage-codes.ts";
import type { Usage } from "../usages.ts";
import type { Csr } from "./read-csr.ts";

/**
 * How a request contradicts the spec beside it, in cert-manager's words; undefined when it does not. What the request does not
 * ask for the spec alone decides; a request with one of the two extensions of usages must agree in both.
 */
export function contradiction(csr: Csr, spec: { isCA: boolean; usages: readonly Usage[] }): string | undefined {
  if (csr.isCA !== undefined && csr.isCA !== spec.isCA) {
    return `encoded CSR error: IsCA ${csr.isCA} does not match expected value ${spec.isCA}`;
  }
  if (!csr.usages) return undefined;
  const expected = encodeUsages(spec.isCA ? [...spec.usages, "cert sign"] : spec.usages);
  const bits = sorted(csr.usages.keyUsageBits.map((bit) => wordOf(keyUsages, bit)));
  const expectedBits = sorted(expected.keyUsageBits.map((bit) => wordOf(keyUsages, bit)));
  if (bits !== expectedBits)
    return `encoded CSR error: the KeyUsages ${bits} do not match the expected KeyUsages ${expectedBits}`;
  const extended = sorted(csr.usages.extendedOids.map((oid) => wordOf(extendedKeyUsages, oid)));
  const expectedExtended = sorted(expected.extendedOids.map((oid) => wordOf(extendedKeyUsages, oid)));
  if (extended === expectedExtended) return undefined;
  return `encoded CSR error: the ExtKeyUsages ${extended} do not match the expected ExtKeyUsages ${expectedExtended}`;
}

/** cert-manager's word, of two the usual one; the code itself where it has none. */
function wordOf<Code extends string | number>(table: Record<string, Code>, code: Code): string {
  const words = Object.keys(table).filter((word) => table[word] === code && word !== "signing");
  return words[0] ?? String(code);
}

/** `[ 'digital signature', 'key encipherment' ]`; the order says nothing. */
function sorted(words: string[]): string {
  const quoted = [...new Set(words)].sort().map((word) => `'${word}'`);
  return quoted.length === 0 ? "[]" : `[ ${quoted.join(", ")} ]`;
}
