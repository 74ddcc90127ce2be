import { Component, computed, inject } from '@angular/core';
import { RouterLink } from '@angular/router';
import { Attempt } from '@core/http/attempt';
import { ProblemError } from '@core/http/problem-error';
import { Accounts } from '@core/trading/accounts';
import { ErrorState } from '@shared/error-state';
import { formatAmount } from '@shared/format/numbers';
import { Autosave } from '../state/autosave';
import { EditorApi } from '../state/editor-api';
import { PipelineDocument } from '../state/pipeline-document';

/** In which account runs of the present trade. Open positions stay where they are. */
@Component({
  selector: 'k-account-choice',
  imports: [ErrorState, RouterLink],
  template: `
    @if (chosen(); as account) {
      <label class="k-label" for="k-trades-in">Trades in</label>
      <select
        #which
        id="k-trades-in"
        class="k-input"
        [disabled]="attempt.busy() || offered().length < 2"
        [value]="account.id"
        (change)="choose(which.value)"
      >
        @for (one of offered(); track one.id) {
          <option [value]="one.id" [selected]="one.id === account.id">
            {{ one.name }}, {{ amount(one.equity, one.currency) }}
          </option>
        }
      </select>
      <p class="k-help">
        Counts at once. Runs on a date in history trade in an account of their own.
        <a [routerLink]="['/accounts', account.id]">Open the account</a>
      </p>
      @if (attempt.problem(); as error) {
        <k-error-state [error]="error" [retryable]="false" />
      }
    }
  `,
  styles: `
    select {
      background: var(--mat-sys-surface);
    }
  `,
})
export class AccountChoice {
  private readonly api = inject(EditorApi);
  private readonly autosave = inject(Autosave);
  private readonly document = inject(PipelineDocument);
  private readonly accounts = inject(Accounts);
  protected readonly attempt = new Attempt();

  protected readonly offered = computed(() =>
    this.accounts.open().filter(({ mode }) => mode === this.document.facts()?.mode),
  );
  /** The one that was chosen, else the first that was opened. */
  protected readonly chosen = computed(() => {
    const id = this.document.facts()?.accountId;
    const offered = this.offered();
    return offered.find((one) => one.id === id) ?? offered.at(-1) ?? null;
  });
  protected readonly amount = formatAmount;

  protected async choose(accountId: string): Promise<void> {
    await this.attempt.make(async () => {
      const done = await this.autosave.change(() => {
        const { id = '', revision = 0 } = this.document.facts() ?? {};
        return this.api.tradeIn(id, revision, accountId);
      });
      if (!done) throw notMoved(this.autosave.unsaved());
    });
  }
}

function notMoved(why: string): ProblemError {
  const title = `The account was not changed: ${why}`;
  return new ProblemError({ title, status: -1, code: 'unsaved', detail: '' });
}
