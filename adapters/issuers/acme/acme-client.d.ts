/** The part of acme-client 5.4 that session.ts uses; the package has no types for this entry, which leaves forge out. */
declare module "acme-client/src/client.js" {
  interface Reply {
    status: number;
    headers: Record<string, string | undefined>;
    data: unknown;
  }

  class Client {
    constructor(options: {
      directoryUrl: string;
      accountKey: string;
      accountUrl?: string | null;
      externalAccountBinding?: { kid?: string; hmacKey?: string };
    });
    http: {
      externalAccountBinding: { kid?: string; hmacKey?: string };
      request(url: string, method: string, options?: { data?: unknown }): Promise<Reply>;
      getNonce(): Promise<string>;
      getJwk(): object;
      /** A flattened JWS without nonce, with the key itself in its header. */
      createSignedBody(url: string, payload: object): object;
      signedRequest(
        url: string,
        payload: object | null,
        options: { kid?: string | null; includeExternalAccountBinding?: boolean },
      ): Promise<Reply>;
    };
    getChallengeKeyAuthorization(challenge: { type: string; token: string }): Promise<string>;
  }

  export = Client;
}
