import type { Clock, Requests, State, StoredSecret } from "../core/ports.ts";
import type { ResourceKey } from "../core/resource.ts";
import type { StoreName } from "../core/rows.ts";
import type { Io } from "./io.ts";
import type { OptionName, Values } from "./options.ts";

/** One installation, as the verbs reach it. No verb writes State. */
export interface Installation {
  /** Its name: the first part of every stored secret's name. */
  instance: string;
  /** The ARN of a function's role, by the function's folder. */
  roleArn(folder: string): string;
  requests: Requests;
  state: Pick<
    State,
    | "certificate"
    | "certificates"
    | "issuer"
    | "issuers"
    | "attempts"
    | "attemptsOf"
    | "chain"
    | "csrs"
    | "secretClaim"
    | "events"
    | "waitingFor"
    | "cluster"
    | "clusters"
    | "clusterRows"
    | "bundle"
    | "targetsOf"
    | "revocation"
    | "revocationsOf"
  >;
  clock: Clock;
  /** Sets one annotation of a request that exists; false when it does not. Nothing else of the request changes. */
  annotate(key: ResourceKey, annotation: string, value: string): Promise<boolean>;
  /** The current value of a stored secret, or undefined when there is none. */
  readSecret(store: StoreName, name: string): Promise<string | undefined>;
  /** What is known of a stored secret without its value, or undefined when there is none. */
  describeSecret(store: StoreName, name: string): Promise<StoredSecret | undefined>;
  /** Ends early, without an error, when it is stopped. */
  sleep(ms: number, stop?: AbortSignal): Promise<void>;
}

/** One use of a verb. */
export interface Call {
  values: Values;
  /** What is neither verb nor option. */
  args: string[];
  io: Io;
  /** Finds the installation; throws Failure when there is none. */
  connect(): Promise<Installation>;
  /** For a verb that runs until it is stopped: SIGINT and SIGTERM abort it and no longer end the program. */
  untilStopped(): AbortSignal;
}

/** A verb of the command line. run() answers the exit code, 0 or 1; it throws UsageError and Failure. */
export interface Verb {
  name: string;
  /** One line for the list of verbs. */
  summary: string;
  /** `get KIND [NAME] ...` */
  usage: string[];
  /** Sentences below the usage. */
  notes: string[];
  options: OptionName[];
  /** What it is good for, and the command line. */
  examples: [string, string][];
  run(call: Call): Promise<number>;
}
