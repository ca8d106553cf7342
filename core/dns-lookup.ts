/** The kinds of records that are looked up. */
export type RecordType = "A" | "CAA" | "CNAME" | "NS" | "SOA" | "TXT";

/** A record as somebody serves it. Names are lower case, without a trailing dot; records of other kinds are left out. */
export type DnsRecord = { name: string; ttlSeconds: number } & (
  | { type: "A"; address: string }
  | { type: "CNAME" | "NS"; target: string }
  /** The strings of a value in one. */
  | { type: "TXT"; text: string }
  /** How long the absence of a name may be remembered at most (RFC 2308 5). */
  | { type: "SOA"; minimumSeconds: number }
  /** RFC 8659 4.1; the tag in lower case. */
  | { type: "CAA"; critical: boolean; tag: string; value: string }
);

export interface DnsAnswer {
  /** False when nothing is at the name, of any kind (NXDOMAIN). */
  exists: boolean;
  /** Said by a server of the zone itself, not from a memory. */
  authoritative: boolean;
  answers: DnsRecord[];
  /** Of a referral: the NS of the zone below. Of an absence: the SOA of the zone. */
  authorities: DnsRecord[];
}

/**
 * Questions to the DNS of the world. An absence is an answer. Throws UnavailableError NameServerUnavailable when nobody answers,
 * or when the answer is a failure such as SERVFAIL.
 */
export interface DnsLookup {
  /** Asks the installation's own recursive resolvers, which follow aliases. They remember absences: never ask them for a name before its record is out. */
  resolve(name: string, type: RecordType): Promise<DnsAnswer>;
  /**
   * Asks one server: `192.0.2.1`, `ns1.example.com:53`, or a DoH URL (RFC 8484). A private one is refused (RefusedError
   * ForbiddenNameServer) unless the operator listed it.
   */
  ask(server: string, name: string, type: RecordType): Promise<DnsAnswer>;
}
