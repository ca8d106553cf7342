const state = ["dynamodb:GetItem @ state", "dynamodb:BatchGetItem @ state", "dynamodb:PutItem @ state"];
const updatesState = "dynamodb:UpdateItem @ state";
const facts = "events:PutEvents @ bus";
const deadLetter = "sqs:SendMessage @ dead-letters";
const decides = [
  "dynamodb:BatchGetItem @ requests",
  ...state,
  updatesState,
  "states:StartExecution @ issue-certificates",
  facts,
  "secretsmanager:DescribeSecret @ secrets",
  "s3:ListBucketVersions @ bucket",
  "s3:GetObjectVersionTagging @ objects",
  "secretsmanager:DeleteSecret @ secrets",
  "s3:DeleteObject @ objects",
  "lambda:InvokeFunction @ check-issuer",
  "lambda:InvokeFunction @ clean-up-challenge",
  "lambda:InvokeFunction @ sync-kubernetes",
  "lambda:InvokeFunction @ revoke-certificate",
  "lambda:InvokeFunction @ rewrite-secret",
  deadLetter,
];
const step = [...state, facts];
const readsRequests = "dynamodb:BatchGetItem @ requests";
const readsValues = "secretsmanager:GetSecretValue @ secrets";
const readsSecrets = [readsValues, "kms:Decrypt @ key-material"];
const writesSecrets = [
  "secretsmanager:DescribeSecret @ secrets",
  "secretsmanager:CreateSecret,TagResource @ secrets",
  "secretsmanager:PutSecretValue,RestoreSecret,UpdateSecretVersionStage @ secrets",
  "kms:Decrypt,GenerateDataKey @ key-material",
];
const readsObjects = ["s3:ListBucketVersions @ bucket", "s3:GetObjectVersion @ objects", "kms:Decrypt @ key-material"];
/** Secrets of Certificates read and written, and passwords read. Who writes may decrypt by that already. */
const readsAndWrites = [
  readsValues,
  ...readsObjects.slice(0, 2),
  readsValues,
  ...writesSecrets,
  "s3:GetObjectVersionTagging @ objects",
  "s3:ListBucket @ bucket",
  "s3:GetObject,PutObject,PutObjectTagging @ objects",
  "kms:Decrypt,GenerateDataKey @ key-material",
];
const asksTheCa = [...readsSecrets, "lambda:InvokeFunction @ check-issuer"];
const asksDnsFunctions = "lambda:InvokeFunction @ dns-*";
const changesRecords = [
  asksDnsFunctions,
  "route53:ListHostedZones @ *",
  "route53:ChangeResourceRecordSets @ ZONE1",
  "route53:ChangeResourceRecordSets @ ZVAL1",
  "route53:ListResourceRecordSets @ ZONE1 ZVAL1",
  "sts:AssumeRole @ tenants' roles",
  ...readsSecrets,
];
/** What each function may do, to the last action. A line is one statement: actions, `@`, resource. */
export const rights: Record<string, string[]> = {
  "accept-request": ["dynamodb:DeleteItem,PutItem @ requests", deadLetter],
  dispatch: ["dynamodb:DescribeStream,GetRecords,GetShardIterator,ListStreams @ requests StreamArn", ...decides],
  sweep: ["dynamodb:Query @ state/index/due", ...decides],
  resync: [
    "dynamodb:Scan @ requests",
    "dynamodb:BatchGetItem @ requests",
    "dynamodb:Scan @ state/index/byIssuer",
    "dynamodb:BatchGetItem @ state",
    "dynamodb:Query @ state",
    "lambda:InvokeFunction @ dispatch",
    "lambda:InvokeFunction @ sync-kubernetes",
    deadLetter,
  ],
  "check-issuer": [
    "dynamodb:GetItem @ requests",
    "dynamodb:GetItem @ state",
    "dynamodb:PutItem @ state",
    "dynamodb:Query @ state/index/byIssuer",
    readsValues,
    ...writesSecrets,
    "lambda:InvokeFunction @ sweep",
    deadLetter,
  ],
  "sync-kubernetes": [
    "dynamodb:GetItem @ requests",
    readsRequests,
    "dynamodb:Scan @ requests",
    "dynamodb:GetItem @ state",
    "dynamodb:BatchGetItem @ state",
    "dynamodb:Query @ state/index/byIssuer",
    "dynamodb:Query @ state",
    "dynamodb:PutItem @ state",
    updatesState,
    "dynamodb:DeleteItem @ state",
    ...readsSecrets,
    "s3:ListBucketVersions @ bucket",
    "s3:GetObjectVersion @ objects",
    "kms:Decrypt @ key-material",
    "secretsmanager:GetSecretValue @ secrets of _cluster",
    "secretsmanager:DescribeSecret @ bundles",
    "secretsmanager:CreateSecret,TagResource @ bundles",
    "secretsmanager:PutSecretValue,RestoreSecret,UpdateSecretVersionStage @ bundles",
    "kms:GenerateDataKey @ key-material",
    "sts:AssumeRole @ tenants' roles",
    deadLetter,
  ],
  "revoke-certificate": [
    ...state,
    "dynamodb:Scan @ state/index/byIssuer",
    ...readsSecrets,
    readsValues,
    "s3:ListBucketVersions @ bucket",
    "s3:GetObjectVersion @ objects",
    "kms:Decrypt @ key-material",
    "lambda:InvokeFunction @ dispatch",
    "lambda:InvokeFunction @ revoke-certificate",
    deadLetter,
  ],
  "rewrite-secret": [
    "dynamodb:GetItem @ requests",
    "dynamodb:GetItem @ state",
    "dynamodb:PutItem @ state",
    facts,
    ...readsAndWrites,
    "lambda:InvokeFunction @ dispatch",
    deadLetter,
  ],
  "serve-challenge": ["dynamodb:GetItem @ state"],
  prepare: [
    ...step,
    updatesState,
    readsRequests,
    "kms:GenerateDataKey @ key-material",
    ...readsSecrets,
    ...readsObjects,
    readsValues,
  ],
  "create-order": [...step, readsRequests, ...asksTheCa],
  "publish-challenge": [...step, updatesState, ...changesRecords],
  "check-propagation": [
    ...step,
    asksDnsFunctions,
    "route53:GetChange @ changes",
    "sts:AssumeRole @ tenants' roles",
    ...readsSecrets,
  ],
  "validate-challenge": [...step, ...asksTheCa],
  "finalize-order": [...step, updatesState, readsRequests, ...asksTheCa],
  "write-secret": [...step, readsRequests, "kms:Decrypt @ key-material", ...readsAndWrites],
  "clean-up-challenge": [
    ...step,
    updatesState,
    readsRequests,
    "dynamodb:DeleteItem @ state",
    ...changesRecords,
    "lambda:InvokeFunction @ dispatch",
    deadLetter,
  ],
};
