/** Replay nonces that wait to be used (RFC 8555 6.5). The freshest goes first: old ones may have lapsed at the CA. */
export interface NoncePool {
  /** Ignores what is no nonce: the field must be base64url. */
  give(nonce: string | undefined): void;
  take(): string | undefined;
}

export function noncePool(): NoncePool {
  const nonces: string[] = [];
  return {
    give(nonce) {
      if (nonce === undefined || !/^[\w-]{1,256}$/.test(nonce) || nonces.includes(nonce)) return;
      nonces.push(nonce);
      if (nonces.length > maxNonces) nonces.shift();
    },
    take: () => nonces.pop(),
  };
}

const maxNonces = 500;
