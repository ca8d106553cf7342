/** Renewal information of the working certificate; instants are epoch ms. */
export interface Ari {
  /** RFC 9773 4.1; absent until it was asked for the first time. */
  certId?: string;
  /** What the CA suggested last, and the instant chosen in it, moved into a window of `spec.renewal` where there are some. */
  window?: { start: number; end: number; chosenAt: number };
  /** The CA may suggest a later renewal than issued.renewalTime, but none after this; without it none after that. */
  latest?: number;
  /** `spec.renewal` has windows: the instant has to lie in one. */
  windowed?: true;
  /** Why, for a person. */
  explanationUrl?: string;
  checkedAt?: number;
  nextCheckAt: number;
  /** In a row. */
  failures?: number;
  lastError?: string;
}
