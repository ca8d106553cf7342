import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { UpdateItemCommand } from "@aws-sdk/client-dynamodb";
import { beforeEach, describe, expect, it } from "vitest";
import { annotator } from "../../cli/annotate.ts";
import type { ResourceKey } from "../../core/resource.ts";

/** A Requests table with one item, `{ namespace: "default", resource: "Certificate/web" }`. */
export interface OneRequest {
  client: Pick<DynamoDBClient, "send">;
  table: string;
  /** Replaces the item; undefined deletes it. */
  write(item: Record<string, unknown> | undefined): Promise<void>;
  read(): Promise<Record<string, unknown> | undefined>;
}

/** What `certwright renew` promises about the request that it annotates; `makeTable` gives a new and empty one. */
export function testAnnotator(name: string, makeTable: () => Promise<OneRequest> | OneRequest): void {
  const key: ResourceKey = { namespace: "default", kind: "Certificate", name: "web" };
  const spec = { secretName: "web-tls" };
  const item = { namespace: "default", resource: "Certificate/web", apiVersion: "cert-manager.io/v1", spec };
  let table: OneRequest;
  let between: () => Promise<void>;

  beforeEach(async () => {
    table = await makeTable();
    between = async () => undefined;
    await table.write(item);
  });

  /** Sets `a` to `b`; somebody else writes between its read and its write. */
  const annotate = () => {
    const send = async (command: Parameters<DynamoDBClient["send"]>[0]) => {
      if (command instanceof UpdateItemCommand) await between();
      return table.client.send(command);
    };
    return annotator({ client: { send } as DynamoDBClient, table: table.table })(key, "a", "b");
  };

  describe(`the annotator: ${name}`, () => {
    it.each([
      ["no metadata", undefined, { annotations: { a: "b" } }],
      ["an empty one", {}, { annotations: { a: "b" } }],
      ["labels", { labels: { c: "d" } }, { labels: { c: "d" }, annotations: { a: "b" } }],
      ["annotations", { annotations: { a: "old", e: "f" } }, { annotations: { a: "b", e: "f" } }],
      ["text of YAML", "labels: {c: d}", { labels: { c: "d" }, annotations: { a: "b" } }],
      ["text of JSON", '{"annotations":{"e":"f"}}', { annotations: { e: "f", a: "b" } }],
      ["an empty text", "", { annotations: { a: "b" } }],
    ])("sets one annotation of a request with %s", async (_title, before, after) => {
      if (before !== undefined) await table.write({ ...item, metadata: before });
      expect(await annotate()).toBe(true);
      expect(await table.read()).toEqual({ ...item, metadata: after });
    });

    it("does not bring back a request that is gone", async () => {
      await table.write(undefined);
      expect(await annotate()).toBe(false);
      expect(await table.read()).toBeUndefined();
    });

    it("does not bring back a request that goes between read and write", async () => {
      between = () => table.write(undefined);
      expect(await annotate()).toBe(false);
      expect(await table.read()).toBeUndefined();
    });

    it("keeps what somebody else writes between read and write", async () => {
      let writes = 0;
      const theirs = { ...item, spec: "theirs", metadata: { labels: { their: "s" } } };
      between = async () => {
        if (writes++ === 0) await table.write(theirs);
      };
      expect(await annotate()).toBe(true);
      const metadata = { labels: { their: "s" }, annotations: { a: "b" } };
      expect(await table.read()).toEqual({ ...theirs, metadata });
    });

    it("keeps a spec that changes while the metadata stays as it was", async () => {
      await table.write({ ...item, metadata: { labels: { c: "d" }, annotations: { e: "f" } } });
      between = () =>
        table.write({ ...item, spec: "theirs", metadata: { annotations: { e: "f" }, labels: { c: "d" } } });
      expect(await annotate()).toBe(true);
      const metadata = { labels: { c: "d" }, annotations: { a: "b", e: "f" } };
      expect(await table.read()).toEqual({ ...item, spec: "theirs", metadata });
    });

    it("gives up when somebody writes without end", async () => {
      let writes = 0;
      between = () => table.write({ ...item, metadata: { labels: { n: String(writes++) } } });
      await expect(annotate()).rejects.toThrow("is being written by somebody else");
    });

    it.each([["- a list"], ["{broken"], [{ annotations: "text" }]])(
      "refuses metadata that is no map: %j",
      async (metadata) => {
        await table.write({ ...item, metadata });
        await expect(annotate()).rejects.toThrow("the metadata of default/Certificate/web is not a map");
        expect((await table.read())?.metadata).toEqual(metadata);
      },
    );
  });
}
