import type { AcmeIssuer } from "../../core/acme-port.ts";
import { acmeAccounts } from "./acme/accounts.ts";
import { acmeAuthorizations } from "./acme/authorizations.ts";
import { acmeChains } from "./acme/chains.ts";
import { acmeOrderList } from "./acme/order-list.ts";
import { acmeOrders } from "./acme/orders.ts";
import { acmeRevocations } from "./acme/revocations.ts";
import type { AcmeConfig, AcmeDeps } from "./acme/session.ts";
import { openSession } from "./acme/session.ts";

/** The ACME issuer (RFC 8555) of one account, on acme-client; it needs nothing of AWS. */
export const acme = {
  permissions: (): { actions: string[]; resources: string[] }[] => [],

  /** Throws RefusedError AccountKeyInvalid; asks the CA nothing yet. */
  create(config: AcmeConfig, deps: AcmeDeps): AcmeIssuer {
    const session = openSession(config, deps);
    return {
      giveNonces(nonces) {
        for (const nonce of nonces) session.nonces.give(nonce);
      },
      takeNonce: () => session.nonces.take(),
      offersRenewalInfo: () => session.knownDirectory()?.renewalInfo !== undefined,
      directory: () => session.directory(),
      ...acmeAccounts(session),
      ...acmeOrders(session),
      ...acmeChains(session),
      ...acmeOrderList(session),
      ...acmeAuthorizations(session),
      ...acmeRevocations(session),
    };
  },
};
