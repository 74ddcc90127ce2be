import { Component, computed, inject, resource, signal } from '@angular/core';
import { MatButton } from '@angular/material/button';
import { MatDialogModule, MatDialogRef } from '@angular/material/dialog';
import { type ApiKeyWithSecret, createApiKey, listApiKeyScopes, type Scope } from '@core/api';
import { Attempt } from '@core/http/attempt';
import { type ProblemError, toProblemError } from '@core/http/problem-error';
import { unwrap } from '@core/http/unwrap';
import { CopyField } from '@shared/copy-field';
import { ErrorState } from '@shared/error-state';
import { Notice } from '@shared/notice';
import { Skeleton } from '@shared/skeleton';
import { DEFAULT_LIFETIME, expiryOf, type Lifetime, LIFETIMES } from './key-words';

/** Makes an API key and shows it this once; closes with whether one was made. */
@Component({
  selector: 'k-key-dialog',
  imports: [MatDialogModule, MatButton, CopyField, ErrorState, Notice, Skeleton],
  templateUrl: './key-dialog.html',
  styleUrl: './key-dialog.scss',
})
export class KeyDialog {
  protected readonly dialog = inject<MatDialogRef<KeyDialog, boolean>>(MatDialogRef);
  protected readonly lifetimes = LIFETIMES;
  protected readonly scopes = resource({ loader: () => unwrap(listApiKeyScopes()) });
  protected readonly typed = signal('');
  protected readonly chosen = signal<ReadonlySet<Scope>>(new Set());
  protected readonly lifetime = signal<Lifetime>(DEFAULT_LIFETIME);
  protected readonly tried = signal(false);
  private readonly attempt = new Attempt();
  protected readonly busy = this.attempt.busy;
  protected readonly problem = this.attempt.problem;
  protected readonly made = signal<ApiKeyWithSecret | null>(null);

  protected readonly nameMissing = computed(() => this.tried() && !this.typed().trim());
  protected readonly scopeMissing = computed(() => this.tried() && this.chosen().size === 0);

  protected scopesError(): ProblemError | null {
    const error = this.scopes.error();
    return error ? toProblemError(error) : null;
  }

  protected choose(scope: Scope, on: boolean): void {
    const chosen = new Set(this.chosen());
    if (on) chosen.add(scope);
    else chosen.delete(scope);
    this.chosen.set(chosen);
  }

  protected chooseLifetime(label: string): void {
    this.lifetime.set(LIFETIMES.find((one) => one.label === label) ?? DEFAULT_LIFETIME);
  }

  protected async create(): Promise<void> {
    const [name, scopes] = [this.typed().trim(), [...this.chosen()]];
    this.tried.set(true);
    if (!name || scopes.length === 0) return;
    await this.attempt.make(async () => {
      const expires_at = expiryOf(this.lifetime(), Date.now());
      this.made.set(await unwrap(createApiKey({ body: { name, scopes, expires_at } })));
      this.dialog.disableClose = true; // a slip of the mouse would lose the key for good
    });
  }
}
