import { Service } from '@angular/core';

/** Secrets on their way from the answer that gave them to the one page that shows them, once. */
@Service()
export class OneTimeSecrets {
  private readonly secrets = new Map<string, string>();

  keep(sourceId: string, secret: string): void {
    this.secrets.set(sourceId, secret);
  }

  /** Gives the secret away and forgets it. */
  take(sourceId: string): string | null {
    const secret = this.secrets.get(sourceId) ?? null;
    this.secrets.delete(sourceId);
    return secret;
  }
}
