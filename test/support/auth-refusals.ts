import type { FunctionName } from "../../cdk/functions.ts";
import type { AuthCall } from "./auth-calls.ts";
import { object, other, ours, parts, records, rows, sealing, secret } from "./auth-calls.ts";

/** What the end-to-end test leaves, and what a person stored beside it. */
export const things = {
  /** A Certificate's, by its tag. */
  mine: "certwright/web/in-secrets-manager-tls",
  inBucket: "certwright/web/in-s3-tls",
  /** An issuer's, by its tag. */
  account: "certwright/_cluster/pebble-account",
  /** Another instance's, with the tag of a Certificate. */
  foreign: "other/web/www-tls",
  /** Of this instance by its name, without a tag. */
  untagged: "certwright/web/by-hand",
};
const { mine, inBucket, account, foreign, untagged } = things;
const ofCertificate = "web/Certificate/nobody";
const ofIssuer = "_cluster/ClusterIssuer/nobody";

/** For each function a call within its rights, and calls just outside, told apart by action, resource or tag alone. */
export const bounds: Record<FunctionName, { may: AuthCall; mayNot: Record<string, AuthCall> }> = {
  "accept-request": {
    may: rows.put("requests", "nobody"),
    mayNot: {
      "write State": rows.put("state"),
      "read Requests": rows.get("requests"),
      "change the fields of a request": rows.update("requests"),
      "read a secret": secret.read(mine),
      "tell facts": parts.tell("certwright"),
    },
  },
  dispatch: {
    may: parts.invoke("check-issuer"),
    mayNot: {
      "read a Certificate's secret": secret.read(mine),
      "read an account key": secret.read(account),
      "read an object": object.read(inBucket),
      "open a sealed key": sealing.open(),
      "delete an account key": secret.remove(account),
      "delete a secret without our tag": secret.remove(untagged),
      "delete another instance's secret": secret.remove(foreign),
      "write a secret": secret.write(mine),
      "write Requests": rows.put("requests"),
      "call write-secret": parts.invoke("write-secret"),
      "start another state machine": parts.start("payroll"),
      "stop an execution": parts.stop(),
      "tell facts to another bus": parts.tell("default"),
      "assume a role": parts.assume("certwright-shop-dns", "certwright/shop"),
    },
  },
  sweep: {
    may: rows.query("state", "dueLane", "due"),
    mayNot: {
      "write Requests": rows.put("requests"),
      "change a request": rows.update("requests"),
      "list State": rows.query("state", "namespace"),
      "find an issuer's certificates": rows.query("state", "issuer", "byIssuer"),
      "read a Certificate's secret": secret.read(mine),
      "call dispatch": parts.invoke("dispatch"),
    },
  },
  resync: {
    may: rows.scan("requests"),
    mayNot: {
      "write Requests": rows.put("requests"),
      "write State": rows.put("state"),
      "scan State": rows.scan("state"),
      "call sweep": parts.invoke("sweep"),
      "describe a secret": secret.describe(mine),
    },
  },
  "check-issuer": {
    may: secret.read(account),
    mayNot: {
      "read another instance's secret": secret.read(foreign),
      "write a Certificate's secret": secret.write(mine),
      "make a Certificate's secret": secret.create("certwright/web/nobody", ofCertificate),
      "make an account key of another instance": secret.create("other/_cluster/nobody", ofIssuer),
      "delete an account key": secret.remove(account),
      "change fields of State": rows.update("state"),
      "call dispatch": parts.invoke("dispatch"),
      "start an execution": parts.start("certwright-issue-certificates"),
    },
  },
  "check-certificates": {
    may: rows.get("state"),
    mayNot: {
      "read a Certificate's secret": secret.read(mine),
      "read an account key": secret.read(account),
      "change fields of State": rows.update("state"),
      "write Requests": rows.put("requests"),
      "start an execution": parts.start("certwright-issue-certificates"),
      "call sweep": parts.invoke("sweep"),
      "tell facts": parts.tell("certwright"),
    },
  },
  "sync-kubernetes": {
    may: secret.read(mine),
    mayNot: {
      "read an account key": secret.read(account),
      "read a secret without our tag in a namespace": secret.read(untagged),
      "read another instance's secret": secret.read(foreign),
      "write a Certificate's secret": secret.write(mine),
      "write an account key": secret.write(account),
      "make a secret that is no Bundle's": secret.create("certwright/_cluster/nobody", "_cluster/Bundle/nobody"),
      "make a Bundle's secret for somebody else": secret.create("certwright/_cluster/bundle-nobody", ofIssuer),
      "delete a secret": secret.remove(mine),
      "write an object": object.write(inBucket),
      "write Requests": rows.put("requests"),
      "scan State": rows.scan("state"),
      "tell facts": parts.tell("certwright"),
      "call dispatch": parts.invoke("dispatch"),
      "assume a role of another name": parts.assume("administrator", "certwright/_cluster"),
    },
  },
  "revoke-certificate": {
    may: secret.read(account),
    mayNot: {
      "read another instance's secret": secret.read(foreign),
      "write a Certificate's secret": secret.write(mine),
      "write an account key": secret.write(account),
      "delete a secret": secret.remove(mine),
      "write an object": object.write(inBucket),
      "write Requests": rows.put("requests"),
      "change fields of State": rows.update("state"),
      "call write-secret": parts.invoke("write-secret"),
      "start an execution": parts.start("certwright-issue-certificates"),
    },
  },
  "rewrite-secret": {
    may: secret.read(mine),
    mayNot: {
      "read an account key": secret.read(account),
      "read another instance's secret": secret.read(foreign),
      "write an account key": secret.write(account),
      "write a secret without our tag": secret.write(untagged),
      "write another instance's secret": secret.write(foreign),
      "delete a secret": secret.remove(mine),
      "delete an object": object.remove(inBucket),
      "write Requests": rows.put("requests"),
      "change fields of State": rows.update("state"),
      "start an execution": parts.start("certwright-issue-certificates"),
      "call write-secret": parts.invoke("write-secret"),
    },
  },
  "serve-challenge": {
    may: rows.get("state"),
    mayNot: {
      "read many rows of State": rows.getMany("state"),
      "list State": rows.query("state", "namespace"),
      "scan State": rows.scan("state"),
      "write State": rows.put("state"),
      "change fields of State": rows.update("state"),
      "read Requests": rows.get("requests"),
      "read a secret": secret.read(mine),
      "call dispatch": parts.invoke("dispatch"),
    },
  },
  prepare: {
    may: secret.read(mine),
    mayNot: {
      "read an account key": secret.read(account),
      "read another instance's secret": secret.read(foreign),
      "change records": records.change(ours),
      "write Requests": rows.put("requests"),
    },
  },
  "create-order": {
    may: secret.read(account),
    mayNot: {
      "read a Certificate's secret": secret.read(mine),
      "read another instance's secret": secret.read(foreign),
      "write an account key": secret.write(account),
      "seal a key": sealing.seal(),
      "change fields of State": rows.update("state"),
      "call dispatch": parts.invoke("dispatch"),
    },
  },
  "publish-challenge": {
    may: records.list(ours),
    mayNot: {
      "change records of another zone": records.change(other),
      "list records of another zone": records.list(other),
      "make a zone": records.newZone(),
      "ask for a change": records.askForChange(),
      "read Requests": rows.getMany("requests"),
      "read an account key": secret.read(account),
      "assume a role of another name": parts.assume("administrator", "certwright/shop"),
    },
  },
  "check-propagation": {
    may: rows.get("state"),
    mayNot: {
      "change records": records.change(ours),
      "list records": records.list(ours),
      "change fields of State": rows.update("state"),
      "read Requests": rows.getMany("requests"),
    },
  },
  "validate-challenge": {
    may: secret.read(account),
    mayNot: {
      "read a Certificate's secret": secret.read(mine),
      "read Requests": rows.getMany("requests"),
      "change records": records.change(ours),
      "seal a key": sealing.seal(),
    },
  },
  "finalize-order": {
    may: rows.getMany("requests"),
    mayNot: {
      "read a Certificate's secret": secret.read(mine),
      "write a Certificate's secret": secret.write(mine),
      "seal a key": sealing.seal(),
      "write Requests": rows.put("requests"),
    },
  },
  sign: {
    may: secret.read(mine),
    mayNot: {
      "read an account key": secret.read(account),
      "read another instance's secret": secret.read(foreign),
      "write a Certificate's secret": secret.write(mine),
      "write an object": object.write(inBucket),
      "seal a key": sealing.seal(),
      "write Requests": rows.put("requests"),
      "call check-issuer": parts.invoke("check-issuer"),
    },
  },
  "write-secret": {
    may: secret.describe(mine),
    mayNot: {
      "read an account key": secret.read(account),
      "write an account key": secret.write(account),
      "write a secret without our tag": secret.write(untagged),
      "write another instance's secret": secret.write(foreign),
      "make another instance's secret": secret.create("other/web/nobody", ofCertificate),
      "make an account key": secret.create("certwright/_cluster/nobody", ofIssuer),
      "delete a secret": secret.remove(mine),
      "write another instance's object": object.write("other/web/www-tls"),
      "delete an object": object.remove(inBucket),
      "change records": records.change(ours),
    },
  },
  "clean-up-challenge": {
    may: records.list(ours),
    mayNot: {
      "change records of another zone": records.change(other, "DELETE"),
      "make a zone": records.newZone(),
      "write Requests": rows.put("requests"),
      "read a secret": secret.read(mine),
      "call check-issuer": parts.invoke("check-issuer"),
      "start an execution": parts.start("certwright-issue-certificates"),
    },
  },
};
