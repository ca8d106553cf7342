/** An attribute that is part of a key. */
export interface KeyAttribute {
  name: string;
  /** DynamoDB's scalar types: string or number. */
  type: "S" | "N";
}

/** One global secondary index. Rows without both of its keys are not in it. */
export interface IndexShape {
  name: string;
  partitionKey: KeyAttribute;
  sortKey: KeyAttribute;
  /** Attributes copied beside the keys; none means KEYS_ONLY. */
  include: string[];
}

/** What cdk/ and the tests create a table from, and what adapters/aws reads and writes. */
export interface TableShape {
  partitionKey: KeyAttribute;
  sortKey: KeyAttribute;
  /** The attribute that holds epoch seconds after which DynamoDB deletes the row. */
  timeToLive?: string;
  indexes: IndexShape[];
}

const keys = {
  partitionKey: { name: "namespace", type: "S" },
  sortKey: { name: "resource", type: "S" },
} as const;

/** The users' table. */
export const requestsTable: TableShape = { ...keys, indexes: [] };

/** Rows with something to do, by lane and shard (`renew#0`), oldest first. */
export const dueIndex: IndexShape = {
  name: "due",
  partitionKey: { name: "dueLane", type: "S" },
  sortKey: { name: "dueAt", type: "N" },
  include: ["notBefore", "notAfter"],
};

/** All live Certificates and issuers by issuer: `waiting#`, `using#` or, itself, `self#`, then `<namespace>/<name>`. */
export const issuerIndex: IndexShape = {
  name: "byIssuer",
  partitionKey: { name: "issuer", type: "S" },
  sortKey: { name: "issuerSort", type: "S" },
  include: [],
};

/** Our table. */
export const stateTable: TableShape = { ...keys, timeToLive: "expiresAt", indexes: [dueIndex, issuerIndex] };

/** How many partitions each lane of the due index has. */
export const dueShards = 8;
