import type { State } from "../../../core/ports.ts";
import type { ResourceKey } from "../../../core/resource.ts";
import { idOf } from "../../../core/resource.ts";
import { issuerIndex } from "../../../core/tables.ts";
import type { Expression, Item, ItemKey } from "../dynamo/expressions.ts";
import { keysIn } from "../dynamo/expressions.ts";
import type { Table } from "../dynamo/table.ts";
import { rowKey } from "./keys.ts";
import {
  fromCertificateItem,
  fromIssuerItem,
  namedBy,
  toCertificateItem,
  toIssuerItem,
  waitingPrefix,
} from "./rows.ts";

/** The rows of Certificates and issuers: compare-and-swap by version. */
export function resourceRows(
  table: Table,
): Pick<
  State,
  | "certificate"
  | "certificates"
  | "putCertificate"
  | "issuer"
  | "issuers"
  | "putIssuer"
  | "waitingFor"
  | "usersOf"
  | "scanKeys"
> {
  const swap = async (item: Item & ItemKey, expected: number) =>
    (await table.put(item, unchangedSince(expected))).saved ? "saved" : "conflict";
  return {
    certificate: async (key) => {
      const item = await table.get(rowKey(key));
      return item && fromCertificateItem(item);
    },
    certificates: async (keys, how) => byId((await table.getMany(keys.map(rowKey), how)).map(fromCertificateItem)),
    putCertificate: (row) => swap(toCertificateItem(row), row.version),
    issuer: async (key) => {
      const item = await table.get(rowKey(key));
      return item && fromIssuerItem(item);
    },
    issuers: async (keys) => byId((await table.getMany(keys.map(rowKey))).map(fromIssuerItem)),
    putIssuer: (row) => swap(toIssuerItem(row), row.version),
    waitingFor: async function* (issuer) {
      const where = {
        text: "#issuer = :issuer AND begins_with(#issuerSort, :waiting)",
        values: { issuer: idOf(issuer), waiting: waitingPrefix },
      };
      yield* keysOf(table.query({ index: issuerIndex.name, where }));
    },
    usersOf: async function* (issuer) {
      const where = { text: "#issuer = :issuer", values: { issuer: idOf(issuer) } };
      for await (const keys of keysOf(table.query({ index: issuerIndex.name, where })))
        yield keys.filter(({ kind }) => kind === "Certificate");
    },
    scanKeys: () => keysOf(table.scan(issuerIndex.name)),
  };
}

/** Holds when the stored row has the version that was read; 0 means that there was none. */
export function unchangedSince(version: number): Expression {
  if (version === 0) return { text: "attribute_not_exists(#namespace)" };
  return { text: "#version = :version", values: { version } };
}

async function* keysOf(pages: AsyncIterable<Item[]>): AsyncGenerator<ResourceKey[]> {
  for await (const page of pages) yield page.map((item) => namedBy(keysIn(item))).filter((key) => key !== undefined);
}

function byId<Row extends { key: Parameters<typeof idOf>[0] }>(rows: Row[]): Map<string, Row> {
  return new Map(rows.map((row) => [idOf(row.key), row]));
}
