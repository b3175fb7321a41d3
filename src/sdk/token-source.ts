/** Where the connection gets its token from, asked before every attempt. */
export interface TokenSource {
  /** `refused`: the token that the server has just refused, or that has expired; then only another one helps. */
  token(refused: string | undefined): string | Promise<string>;
  /** Whether it may ever give another one. */
  readonly canRenew: boolean;
}

/** A token that is given from outside; see `ChatClientOptions.token`. */
export function givenToken(token: string | TokenSource['token']): TokenSource {
  return typeof token === 'string' ? { token: () => token, canRenew: false } : { token, canRenew: true };
}
