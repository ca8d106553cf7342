/** What an installation of certwright may be told. Every prop is also a context key of the deployable app. */
export interface CertwrightProps {
  /**
   * The name of the installation: prefix of tables, functions, secrets and alarms. 2 to 20 of a-z, 0-9 and hyphens.
   * @default "certwright"
   */
  readonly instance?: string;

  /**
   * Ids of the hosted zones in which it may write TXT records named `_acme-challenge.*`. `["*"]` is every zone of the account.
   * @default - none: dns01.route53 works only with a role that an issuer names
   */
  readonly zones?: readonly string[];

  /**
   * Ids of hosted zones made for validation only (targets of `_acme-challenge` CNAMEs): any TXT name may be written there.
   * @default - none
   */
  readonly validationZones?: readonly string[];

  /**
   * True: TXT records named `_validation-persist.*` may be written, too, in `zones`; for issuers with the annotation
   * `certwright.dev/dns-persist-01` (draft-ietf-acme-dns-persist).
   * @default false
   */
  readonly dnsPersist?: boolean;

  /**
   * ARNs of the IAM roles that issuers may name, with `*` allowed in them. Each is assumed with the ExternalId
   * `<instance>/<namespace>` and no other.
   * @default - roles named `certwright-*`, in any account
   */
  readonly assumableRoles?: readonly string[];

  /**
   * ARNs of Lambda functions that ClusterIssuers may name in `dns01.lambda`, beside those named `certwright-dns-*` in this
   * account and region.
   * @default - none
   */
  readonly dnsFunctions?: readonly string[];

  /**
   * The namespaces, and the DNS names each may ask for. `*.example.com` covers every name below example.com; a namespace
   * without `dnsNames` may ask for any name.
   * @default - any namespace may ask for any name
   */
  readonly namespaces?: Readonly<Record<string, NamespaceProps>>;

  /**
   * Where secrets are kept unless a Certificate's annotation `certwright.dev/store` says otherwise.
   * @default "secretsManager"
   */
  readonly defaultStore?: StoreName;

  /**
   * The namespace in which secrets of ClusterIssuers are looked for that are not in `_cluster`: cert-manager's
   * --cluster-resource-namespace.
   * @default "cert-manager"
   */
  readonly clusterResourceNamespace?: string;

  /**
   * Who gets the alarms by e-mail; AWS asks the address to confirm. The topic is there in any case, for other subscribers.
   * @default - nobody
   */
  readonly alarmEmail?: string;

  /**
   * How long logs are kept. One of the numbers of days that CloudWatch Logs takes: 1, 3, 5, 7, 14, 30, 60, 90, 180, 365 ...
   * @default 30
   */
  readonly logRetentionDays?: number;

  /**
   * Where every log line is sent as well: the ARN of a Lambda function of this account or of a CloudWatch Logs destination
   * (whose own policy must let this account in; put one in front of Kinesis or Firehose).
   * @default - nowhere
   */
  readonly logSubscriptionArn?: string;

  /**
   * What happens to tables, keys and the secrets bucket when the stack is destroyed. Secrets in Secrets Manager stay either
   * way. AWS refuses to destroy a bucket that holds objects: empty it first.
   * @default "retain"
   */
  readonly removalPolicy?: "retain" | "destroy";

  /**
   * Hosts that URLs in issuers and Clusters may name although they are private (a CA or an apiserver inside your network).
   * @default - none: only public addresses
   */
  readonly allowedPrivateHosts?: readonly string[];

  /**
   * Deploys the function serve-challenge, which answers HTTP01 challenges (docs/http01.md). `{}`: for an ALB or a CloudFront
   * distribution of yours; it has no URL then.
   * @default - not deployed: issuers with http01 solvers get no answers
   */
  readonly http01?: Http01Props;

  /**
   * Where sync-kubernetes runs, for apiservers that can be reached from a VPC only. The subnets need a way to AWS: a NAT
   * gateway, or endpoints for DynamoDB and Secrets Manager, for S3 if secrets lie there, for STS if Clusters name roles.
   * @default - in no VPC: public apiservers
   */
  readonly kubernetesNetwork?: NetworkProps;
}

export interface Http01Props {
  /**
   * A URL of the function's own: `public` for web servers that redirect or pass on to it, `iam` for CloudFront alone (origin
   * access control). CAs begin at port 80 of the name itself, so it is never enough alone.
   * @default - none
   */
  readonly functionUrl?: "public" | "iam";

  /**
   * How many calls Lambda runs at once at the most, so that a flood of them takes nothing from the pipeline; `unreserved` where
   * the account's limit leaves no room for a reservation.
   * @default 10
   */
  readonly concurrency?: number | "unreserved";
}

export interface NetworkProps {
  readonly subnetIds: readonly string[];
  readonly securityGroupIds: readonly string[];
}

export interface NamespaceProps {
  /** @default - any name */
  readonly dnsNames?: readonly string[];
}

export type StoreName = "secretsManager" | "s3";

/** The props with their defaults. */
export interface Settings {
  readonly instance: string;
  readonly zones: readonly string[];
  readonly validationZones: readonly string[];
  readonly dnsPersist: boolean;
  readonly assumableRoles: readonly string[];
  readonly dnsFunctions: readonly string[];
  readonly namespaces: Readonly<Record<string, NamespaceProps>> | undefined;
  readonly defaultStore: StoreName;
  readonly clusterResourceNamespace: string;
  readonly alarmEmail: string | undefined;
  readonly logRetentionDays: number;
  readonly logSubscriptionArn: string | undefined;
  readonly retain: boolean;
  readonly allowedPrivateHosts: readonly string[];
  readonly http01: (Required<Pick<Http01Props, "concurrency">> & Http01Props) | undefined;
  readonly kubernetesNetwork: NetworkProps | undefined;
}
