import { Component, computed, inject, input, linkedSignal, signal } from '@angular/core';
import { MatButton } from '@angular/material/button';
import { Attempt } from '@core/http/attempt';
import { unwrap } from '@core/http/unwrap';
import { Accounts } from '@core/trading/accounts';
import { type AccountOut, changeAccount, type SimulationOut } from '@core/api';
import { ErrorState } from '@shared/error-state';
import { draftOf, type OptionField, optionFaults, optionsOf } from './account-options';

interface Field {
  readonly name: Exclude<OptionField, 'behaviour'>;
  readonly label: string;
  readonly hint: string;
}

/** How kind the simulated venue of an account is. */
@Component({
  selector: 'k-options-form',
  imports: [ErrorState, MatButton],
  template: `
    <form (submit)="$event.preventDefault(); save()">
      <div class="fields">
        <div>
          <label class="k-label" for="option-behaviour">Behaviour</label>
          <select
            #behaviour
            id="option-behaviour"
            class="k-input"
            [value]="draft().behaviour"
            (change)="set('behaviour', behaviour.value)"
          >
            <option value="realistic">Realistic</option>
            <option value="paper_like">Like a broker's paper account</option>
          </select>
          <p class="k-help">
            {{
              paperLike()
                ? 'A tenth of the orders fill in part; no slippage, commission or rejections, whatever stands below.'
                : 'By the figures below.'
            }}
          </p>
        </div>
        @for (field of fields(); track field.name) {
          <div>
            <label class="k-label" [for]="'option-' + field.name">{{ field.label }}</label>
            <input
              #box
              class="k-input"
              inputmode="decimal"
              autocomplete="off"
              [id]="'option-' + field.name"
              [value]="draft()[field.name]"
              [attr.aria-invalid]="faults()[field.name] ? true : null"
              [attr.aria-describedby]="'option-' + field.name + '-help'"
              (input)="set(field.name, box.value)"
            />
            <div [id]="'option-' + field.name + '-help'">
              @if (faults()[field.name]; as fault) {
                <p class="k-field-error" role="alert">{{ fault }}</p>
              } @else {
                <p class="k-help">{{ field.hint }}</p>
              }
            </div>
          </div>
        }
      </div>
      @if (attempt.problem(); as error) {
        <k-error-state [error]="error" [retryable]="false" />
      }
      <div class="foot">
        <span class="k-muted" role="status">{{ said() }}</span>
        <button
          matButton="filled"
          type="submit"
          [disabled]="!changed() || faulty() || attempt.busy()"
        >
          Save options
        </button>
      </div>
    </form>
  `,
  styles: `
    .fields {
      display: grid;
      grid-template-columns: repeat(auto-fill, minmax(220px, 1fr));
      gap: 16px 20px;
    }
    select {
      background: var(--mat-sys-surface);
    }
    k-error-state {
      margin-top: 16px;
    }
    .foot {
      display: flex;
      align-items: center;
      justify-content: flex-end;
      gap: 16px;
      margin-top: 16px;
      font-size: 13px;
    }
  `,
})
export class OptionsForm {
  private readonly accounts = inject(Accounts);
  protected readonly attempt = new Attempt();

  readonly account = input.required<AccountOut>();
  readonly options = input.required<SimulationOut>();

  protected readonly draft = linkedSignal(() => draftOf(this.options()));
  protected readonly faults = computed(() => optionFaults(this.draft()));
  protected readonly faulty = computed(() => Object.keys(this.faults()).length > 0);
  protected readonly changed = computed(
    () => JSON.stringify(this.draft()) !== JSON.stringify(draftOf(this.options())),
  );
  protected readonly paperLike = computed(() => this.draft().behaviour === 'paper_like');
  protected readonly said = signal('');
  protected readonly fields = computed<readonly Field[]>(() => {
    const money = this.account().currency;
    return [
      { name: 'slippage', label: 'Slippage, %', hint: 'How far a fill is from the price.' },
      {
        name: 'commission',
        label: `Commission, ${money}`,
        hint: 'For each share; coins have none.',
      },
      { name: 'partialFills', label: 'Partial fills, %', hint: 'Of orders, filled in parts.' },
      { name: 'rejections', label: 'Rejections, %', hint: 'Of orders, refused at random.' },
      {
        name: 'startingBalance',
        label: `Starting balance, ${money}`,
        hint: 'What a reset begins with.',
      },
      { name: 'seed', label: 'Seed', hint: 'Equal seeds, equal chance. Empty: not repeatable.' },
    ];
  });

  protected set(name: OptionField, value: string): void {
    this.said.set('');
    this.draft.update((before) => ({ ...before, [name]: value }));
  }

  protected async save(): Promise<void> {
    if (this.faulty() || !this.changed()) return;
    const { id } = this.account();
    const body = { simulation: optionsOf(this.draft()) };
    const done = await this.attempt.make(async () => {
      await unwrap(changeAccount({ path: { account_id: id }, body }));
      await this.accounts.reload();
    });
    if (done) this.said.set('Saved.');
  }
}
