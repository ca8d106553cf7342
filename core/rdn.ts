/** A relative distinguished name (RFC 5280 4.1.2.4): one pair, or several that belong together. */
export type Rdn = { oid: string; value: string }[];

/** The types that a literal subject may name, as cert-manager knows them. */
export const attributeOids: Record<string, string> = {
  C: "2.5.4.6",
  O: "2.5.4.10",
  OU: "2.5.4.11",
  CN: "2.5.4.3",
  SERIALNUMBER: "2.5.4.5",
  L: "2.5.4.7",
  ST: "2.5.4.8",
  STREET: "2.5.4.9",
  DC: "0.9.2342.19200300.100.1.25",
  UID: "0.9.2342.19200300.100.1.1",
};

export const commonNameOid = "2.5.4.3";
