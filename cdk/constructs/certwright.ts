import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Stack } from "aws-cdk-lib";
import type { TableV2 } from "aws-cdk-lib/aws-dynamodb";
import type { EventBus } from "aws-cdk-lib/aws-events";
import type { IKey } from "aws-cdk-lib/aws-kms";
import type { FunctionUrl, IFunction } from "aws-cdk-lib/aws-lambda";
import type { Bucket } from "aws-cdk-lib/aws-s3";
import type { ITopic } from "aws-cdk-lib/aws-sns";
import type { IQueue } from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";
import { bundleFunctions } from "../bundle.ts";
import { challengeUrl } from "../challenge-url.ts";
import { environmentOf } from "../environment.ts";
import { pascalCase, stepNames } from "../functions.ts";
import type { Names } from "../names.ts";
import { namesOf } from "../names.ts";
import { permissionsOn } from "../permissions.ts";
import type { CertwrightProps, Settings } from "../props.ts";
import { settingsOf } from "../settings.ts";
import { Alarms } from "./alarms.ts";
import { DeadLetters } from "./dead-letters.ts";
import { Directory } from "./directory.ts";
import { Functions } from "./functions.ts";
import { IssueCertificates } from "./issue-certificates.ts";
import { Keys } from "./keys.ts";
import { LogSubscription } from "./log-subscription.ts";
import { Orders } from "./orders.ts";
import { SecretsBucket } from "./secrets-bucket.ts";
import { Tables } from "./tables.ts";
import { Triggers } from "./triggers.ts";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** What the pipeline runs: for tests, and for whoever builds it elsewhere. */
export interface CertwrightCode {
  /**
   * Folder with the bundles of all functions.
   * @default - built now by esbuild, from functions/
   */
  readonly functions?: string;
  /**
   * The state machine's ASL file.
   * @default - state-machines/issue-certificates.asl.json
   */
  readonly definition?: string;
}

/** One installation: put a Certificate into `requestsTable`, read its secret, be woken through `alarmTopic`. */
export class Certwright extends Construct {
  readonly requestsTable: TableV2;
  readonly stateTable: TableV2;
  readonly bus: EventBus;
  readonly secretsBucket: Bucket;
  /** The key that stored secrets are encrypted with. */
  readonly keyMaterialKey: IKey;
  readonly alarmTopic: ITopic;
  /** With the prop http01: the function that answers HTTP01 challenges, to be the target of an ALB of yours. */
  readonly serveChallenge: IFunction | undefined;
  /** With its functionUrl: what your CloudFront distribution or web servers pass on to. */
  readonly challengeUrl: FunctionUrl | undefined;
  readonly names: Names;

  constructor(scope: Construct, id: string, props: CertwrightProps = {}, code: CertwrightCode = {}) {
    super(scope, id);
    const settings = settingsOf(props);
    const { retain, defaultStore } = settings;
    const { partition, account, region } = Stack.of(this);
    const names = namesOf({ instance: settings.instance, partition, account, region });
    this.names = names;
    const keys = new Keys(this, "Keys", { names, retain });
    const key = keys.records;
    const tables = new Tables(this, "Tables", { names, key, retain });
    const ground = {
      names,
      settings,
      partition,
      tables,
      keys,
      deadLetters: new DeadLetters(this, "DeadLetters", { names, key }).queue,
    };
    const functions = this.functions(ground, code.functions ?? bundleFunctions().folder);
    const logGroups = [...functions.logGroups, this.stateMachine(ground, functions, code.definition)];
    this.requestsTable = tables.requests;
    this.stateTable = tables.state;
    this.keyMaterialKey = keys.keyMaterial;
    this.secretsBucket = new SecretsBucket(this, "Secrets", { names, key: keys.keyMaterial, retain }).bucket;
    this.bus = this.triggers(ground, functions);
    this.serveChallenge = settings.http01 && functions.get("serve-challenge");
    this.challengeUrl = challengeUrl(this.serveChallenge, settings.http01);
    this.alarmTopic = new Alarms(this, "Alarms", { ...ground, key, email: settings.alarmEmail }).topic;
    new Directory(this, "Directory", { names, defaultStore, keyMaterial: keys.keyMaterial });
    const { logSubscriptionArn: targetArn } = settings;
    if (targetArn) new LogSubscription(this, "LogSubscription", { names, logGroups, targetArn });
  }

  private functions({ names, settings, partition, tables, keys, deadLetters }: Ground, code: string): Functions {
    const keyMaterialArn = keys.keyMaterial.keyArn;
    return new Functions(this, "Functions", {
      names,
      code,
      environment: environmentOf(names, settings, keyMaterialArn),
      permissions: permissionsOn({
        names,
        settings,
        partition,
        requestsArn: tables.requests.tableArn,
        requestsStreamArn: streamArn(tables.requests),
        stateArn: tables.state.tableArn,
        keyMaterialArn,
        deadLettersArn: deadLetters.queueArn,
      }),
      deadLetters,
      logKey: keys.records,
      ...settings,
    });
  }

  private stateMachine({ names, settings, keys }: Ground, functions: Functions, file?: string) {
    return new IssueCertificates(this, "IssueCertificates", {
      names,
      key: keys.records,
      definition: file ?? join(root, "state-machines", "issue-certificates.asl.json"),
      functions: Object.fromEntries(stepNames.map((folder) => [pascalCase(folder), functions.get(folder)])),
      logRetentionDays: settings.logRetentionDays,
    }).logGroup;
  }

  private triggers({ names, tables, deadLetters }: Ground, functions: Functions): EventBus {
    const { bus } = new Orders(this, "Orders", { names, acceptRequest: functions.get("accept-request"), deadLetters });
    new Triggers(this, "Triggers", { names, streamArn: streamArn(tables.requests), functions, bus, deadLetters });
    return bus;
  }
}

/** What everything else stands on. */
interface Ground {
  names: Names;
  settings: Settings;
  partition: string;
  tables: Tables;
  keys: Keys;
  deadLetters: IQueue;
}

function streamArn(table: TableV2): string {
  if (!table.tableStreamArn) throw new Error("the Requests table has no stream");
  return table.tableStreamArn;
}
