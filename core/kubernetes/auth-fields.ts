import { invalidValue, quote, requiredValue } from "../field-fault.ts";
import type { Fields, FieldTable } from "../field-reader.ts";
import { readSecretName, readSecretRef } from "../secret-ref.ts";
import type { ClusterAuth } from "./cluster.ts";

const table: FieldTable = {
  eks: "read",
  kubeconfigSecretRef: "read",
  tokenSecretRef: "read",
  clientCertificateSecretRef: "read",
};
const eksTable: FieldTable = { clusterName: "read", region: "read", roleArn: "read" };

const ways = Object.keys(table);
const exactlyOne = `exactly one of the fields in [${ways.join(" ")}] must be set`;
const secretNamed = "the name of a stored secret is required";

/** https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateCluster.html */
const clusterNameSyntax = /^[0-9A-Za-z][A-Za-z0-9_-]{0,99}$/;
const regionSyntax = /^[a-z]{2}(-[a-z]+)+-\d$/;
const roleSyntax = /^arn:aws[a-z-]*:iam::\d{12}:role\/[\w+=,.@/-]{1,512}$/;

/** Reads spec.auth of a Cluster; undefined when it has a fault. */
export function readClusterAuth(fields: Fields): ClusterAuth | undefined {
  const auth = fields.map("auth", table);
  const fix = `write one of ${ways.join(", ")}`;
  if (!auth) {
    if (!fields.isSet("auth")) fields.fault("auth", requiredValue("must be specified"), fix);
    return undefined;
  }
  const [way, ...more] = ways.filter((one) => auth.isSet(one));
  if (way === undefined || more.length > 0) {
    auth.faultAt(auth.path, invalidValue('"(object)"', exactlyOne), fix);
    return undefined;
  }
  return readWay(auth, way);
}

function readWay(auth: Fields, way: string): ClusterAuth | undefined {
  switch (way) {
    case "eks":
      return readEks(auth);
    case "kubeconfigSecretRef":
      return { kubeconfigSecretRef: readSecretRef(auth, way, { name: secretNamed, key: { standard: "kubeconfig" } }) };
    case "tokenSecretRef":
      return { tokenSecretRef: readSecretRef(auth, way, { name: secretNamed, key: { standard: "token" } }) };
    default:
      return { clientCertificateSecretRef: readSecretName(auth, "clientCertificateSecretRef", secretNamed) };
  }
}

function readEks(auth: Fields): ClusterAuth | undefined {
  const eks = auth.map("eks", eksTable);
  if (!eks) return undefined;
  const clusterName = readWord(eks, "clusterName", {
    syntax: clusterNameSyntax,
    why: "must be the name of an EKS cluster",
    fix: "write the name that `aws eks list-clusters` prints",
  });
  const region = readWord(eks, "region", {
    syntax: regionSyntax,
    why: "must be an AWS region",
    fix: "write a region such as eu-central-1",
  });
  const roleArn = eks.text("roleArn");
  if (roleArn !== undefined && !roleSyntax.test(roleArn)) {
    const fix = "write the ARN of a role, such as arn:aws:iam::123456789012:role/certwright-eks";
    eks.fault("roleArn", invalidValue(quote(roleArn), "must be the ARN of an IAM role"), fix);
  }
  return { eks: { clusterName, region, ...(roleArn === undefined ? {} : { roleArn }) } };
}

function readWord(fields: Fields, field: string, is: { syntax: RegExp; why: string; fix: string }): string {
  const word = fields.text(field);
  if (!fields.isSet(field)) fields.fault(field, requiredValue("must be specified"), is.fix);
  if (word !== undefined && !is.syntax.test(word)) fields.fault(field, invalidValue(quote(word), is.why), is.fix);
  return word ?? "";
}
