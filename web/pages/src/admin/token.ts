const KEY = "skywave.admin.token";

type Store = Pick<Storage, "getItem" | "setItem" | "removeItem">;

/** Keeps the administrator's token for the tab, and no longer. */
export class TokenStore {
  constructor(private readonly storage: Store | undefined) {}

  /** The store of this tab; where the browser forbids it, one that keeps nothing. */
  static ofTab(): TokenStore {
    try {
      return new TokenStore(sessionStorage);
    } catch {
      return new TokenStore(undefined);
    }
  }

  get token(): string | undefined {
    return this.storage?.getItem(KEY) ?? undefined;
  }

  set token(token: string | undefined) {
    if (token === undefined) this.storage?.removeItem(KEY);
    else this.storage?.setItem(KEY, token);
  }
}
