import type { SolverKind } from "../../../core/dns-adapter.ts";
import { invalidValue, quote, requiredValue, tooLong } from "../../../core/field-fault.ts";
import type { Fields } from "../../../core/field-reader.ts";
import type { Kind } from "../../../core/resource.ts";

/** `dns01.lambda`, which is ours: cert-manager has `webhook` in its place. */
export interface LambdaSolver {
  /** A function's name or ARN, with a version or an alias if the user named one. */
  functionName: string;
  /** The region in the ARN; that of the installation when there is none. */
  region?: string;
  /** ARN of the role to assume; a tenant's Issuer always has one. */
  role?: string;
  /** Handed to the function as it is. */
  config: Record<string, string>;
}

const nameSyntax = /^[A-Za-z0-9_-]{1,64}(:[A-Za-z0-9$_-]{1,128})?$/;
const arnSyntax =
  /^arn:aws[a-z-]*:lambda:([a-z]{2}(?:-[a-z]+)+-\d):\d{12}:function:[A-Za-z0-9_-]{1,64}(:[A-Za-z0-9$_-]{1,128})?$/;
const roleSyntax = /^arn:aws[a-z-]*:iam::\d{12}:role\/[\w+=,.@/-]{1,512}$/;
const maxConfigBytes = 8_192;

/** Only cluster-scoped issuers may go without a role, as with route53. */
export const lambdaSolver: SolverKind<LambdaSolver> = {
  table: { functionName: "read", functionArn: "read", role: "read", config: "read" },
  read: (fields, kind) => {
    const role = readRole(fields, kind);
    const config = fields.textMap("config");
    if (JSON.stringify(config).length > maxConfigBytes) {
      fields.fault("config", tooLong(maxConfigBytes), "keep it in the function, or where the function finds it");
    }
    return { ...readFunction(fields), ...(role === undefined ? {} : { role }), config };
  },
};

function readFunction(fields: Fields): Pick<LambdaSolver, "functionName" | "region"> {
  const name = fields.text("functionName");
  const arn = fields.text("functionArn");
  if (fields.isSet("functionName") && fields.isSet("functionArn")) {
    const message = "Forbidden: functionName and functionArn cannot both be specified";
    fields.faultAt(fields.path, message, "keep functionName, or functionArn for a function elsewhere");
  }
  if (!(fields.isSet("functionName") || fields.isSet("functionArn"))) {
    const fix = "add functionName: certwright-dns-NAME";
    fields.faultAt(fields.path, requiredValue("functionName or functionArn is required"), fix);
  }
  if (name !== undefined && !nameSyntax.test(name)) {
    const fix = "write its name, with :ALIAS if you want; an ARN belongs into functionArn";
    fields.fault("functionName", invalidValue(quote(name), "must be the name of a Lambda function"), fix);
  }
  const region = arn === undefined ? undefined : arnSyntax.exec(arn)?.[1];
  if (arn !== undefined && region === undefined) {
    const fix = "write it like arn:aws:lambda:eu-central-1:123456789012:function:certwright-dns-NAME";
    fields.fault("functionArn", invalidValue(quote(arn), "must be the ARN of a Lambda function"), fix);
  }
  return { functionName: arn ?? name ?? "", ...(region === undefined ? {} : { region }) };
}

function readRole(fields: Fields, kind: Kind): string | undefined {
  const role = fields.text("role");
  const fix =
    "write the ARN of a role that may invoke the function, such as arn:aws:iam::123456789012:role/certwright-dns";
  if (role !== undefined && !roleSyntax.test(role)) {
    fields.fault("role", invalidValue(quote(role), "must be the ARN of an IAM role"), fix);
  }
  if (kind === "Issuer" && !fields.isSet("role")) {
    const message = requiredValue("an Issuer may not use the installation's own credentials");
    fields.fault("role", message, `${fix}, or use a ClusterIssuer`);
  }
  return role;
}
