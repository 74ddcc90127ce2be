import { Service, computed, signal } from '@angular/core';
import { getMe, login, logout, refresh, register, type UserOut } from '@core/api';
import { unwrap } from '@core/http/unwrap';

const HINT_KEY = 'kuber.session';

/**
 * Who is logged in. The access token lives in memory only; a reload gets a new one through the
 * httpOnly refresh cookie. The hint in local storage merely spares first-time visitors that call.
 */
@Service()
export class Session {
  private readonly accessToken = signal<string | null>(null);
  private readonly currentUser = signal<UserOut | null>(null);
  private renewal: Promise<boolean> | null = null;
  private restoration: Promise<boolean> | null = null;

  readonly token = this.accessToken.asReadonly();
  readonly user = this.currentUser.asReadonly();
  readonly loggedIn = computed(() => this.currentUser() !== null);

  /** Picks up the session of an earlier visit, once. Resolves to whether there is one. */
  restore(): Promise<boolean> {
    if (this.loggedIn()) return Promise.resolve(true);
    if (!localStorage.getItem(HINT_KEY)) return Promise.resolve(false);
    this.restoration ??= this.renewAndLoad().finally(() => (this.restoration = null));
    return this.restoration;
  }

  async logIn(email: string, password: string): Promise<void> {
    const token = await unwrap(login({ body: { email, password } }));
    this.accessToken.set(token.access_token);
    await this.loadUser();
  }

  async signUp(email: string, password: string): Promise<void> {
    await unwrap(register({ body: { email, password } }));
    await this.logIn(email, password);
  }

  /** Ends the session here and, if it can be reached, on the server. */
  async logOut(): Promise<void> {
    try {
      await unwrap(logout());
    } finally {
      this.forget();
    }
  }

  /** Gets a fresh access token; calls made meanwhile share the one request. */
  renew(): Promise<boolean> {
    this.renewal ??= this.requestToken().finally(() => (this.renewal = null));
    return this.renewal;
  }

  forget(): void {
    localStorage.removeItem(HINT_KEY);
    this.accessToken.set(null);
    this.currentUser.set(null);
  }

  private async requestToken(): Promise<boolean> {
    const { data } = await refresh();
    this.accessToken.set(data?.access_token ?? null);
    return data !== undefined;
  }

  private async renewAndLoad(): Promise<boolean> {
    if (!(await this.renew())) {
      this.forget();
      return false;
    }
    await this.loadUser();
    return true;
  }

  private async loadUser(): Promise<void> {
    this.currentUser.set(await unwrap(getMe()));
    localStorage.setItem(HINT_KEY, '1');
  }
}
