import {
  Component,
  computed,
  effect,
  inject,
  input,
  linkedSignal,
  output,
  untracked,
} from '@angular/core';
import { MatButton } from '@angular/material/button';
import { MatDialog } from '@angular/material/dialog';
import { MatSnackBar } from '@angular/material/snack-bar';
import type { WebhookSourceOut, WebhookSourceUpdate } from '@core/api';
import { HELD_IS_BACK, HeldDrafts } from '@core/page/held-drafts';
import { UnsavedWork } from '@core/page/unsaved-work';
import { confirmLeaving } from '@shared/confirm-dialog';
import { parseNetworks, TRADINGVIEW_NETWORKS } from './networks';

/** The fields as they were typed. */
interface Typed {
  readonly name: string;
  readonly rate: string;
  readonly networks: string;
}

/** Name, rate and senders of a webhook. */
@Component({
  selector: 'k-source-settings',
  imports: [MatButton],
  template: `
    <form (submit)="$event.preventDefault(); save()">
      <div>
        <label class="k-label" for="name">Name</label>
        <input
          #nameBox
          id="name"
          class="k-input"
          autocomplete="off"
          maxlength="120"
          [value]="name()"
          (input)="name.set(nameBox.value)"
        />
      </div>
      <div>
        <label class="k-label" for="rate">Most deliveries in a minute</label>
        <input
          #rateBox
          id="rate"
          class="k-input rate"
          inputmode="numeric"
          [value]="rate()"
          [attr.aria-invalid]="rateWrong() ? 'true' : null"
          (input)="rate.set(rateBox.value)"
        />
        @if (rateWrong()) {
          <p class="k-field-error" role="alert">Enter a whole number from 1 up.</p>
        }
      </div>
      <div>
        <label class="k-label" for="networks">Allowed senders</label>
        <textarea
          #netBox
          id="networks"
          class="k-input"
          rows="4"
          spellcheck="false"
          placeholder="Any address"
          [value]="networks()"
          [attr.aria-invalid]="parsed().refused.length ? 'true' : null"
          (input)="networks.set(netBox.value)"
        ></textarea>
        @if (parsed().refused.length) {
          <p class="k-field-error" role="alert">
            Not an address or network: {{ parsed().refused.join(', ') }}.
          </p>
        } @else {
          <p class="k-help">
            Addresses or networks such as 203.0.113.0/24, one a line. Empty allows any.
            @if (source().kind === 'tradingview') {
              <button type="button" class="fill" (click)="fill()">
                Use the addresses of TradingView
              </button>
            }
          </p>
        }
      </div>
      <div class="foot">
        <button matButton="filled" type="submit" [disabled]="busy() || wrong() || !dirty()">
          {{ busy() ? 'Saving' : 'Save settings' }}
        </button>
      </div>
    </form>
  `,
  styles: `
    form {
      display: grid;
      gap: 16px;
    }
    .rate {
      width: 140px;
    }
    textarea {
      height: auto;
      padding: 8px 10px;
      font: 12px / 18px var(--k-mono);
      resize: vertical;
    }
    .fill {
      padding: 4px 0;
      border: 0;
      background: transparent;
      color: var(--mat-sys-primary);
      font: inherit;
      text-decoration: underline;
      cursor: pointer;
    }
    .foot {
      display: flex;
      justify-content: flex-end;
    }
  `,
})
export class SourceSettings {
  private readonly drafts = inject(HeldDrafts);
  private readonly messages = inject(MatSnackBar);

  readonly source = input.required<WebhookSourceOut>();
  readonly busy = input(false);
  readonly changed = output<WebhookSourceUpdate>();

  protected readonly name = linkedSignal(() => this.source().name);
  protected readonly rate = linkedSignal(() => String(this.source().rate_per_minute));
  protected readonly networks = linkedSignal(() => this.source().allowed_networks.join('\n'));
  protected readonly parsed = computed(() => parseNetworks(this.networks()));
  protected readonly rateWrong = computed(() => !/^[1-9]\d{0,5}$/.test(this.rate().trim()));
  protected readonly wrong = computed(
    () => this.rateWrong() || !this.name().trim() || this.parsed().refused.length > 0,
  );
  protected readonly dirty = computed(() => {
    const { name, rate_per_minute, allowed_networks } = this.source();
    const change = this.change();
    return (
      change.name !== name ||
      change.rate_per_minute !== rate_per_minute ||
      change.allowed_networks.join() !== allowed_networks.join()
    );
  });
  private readonly typed = computed<Typed>(() => ({
    name: this.name(),
    rate: this.rate(),
    networks: this.networks(),
  }));
  /** What it is held under when the session ends. */
  private readonly holdName = computed(() => `webhook.${this.source().id}`);
  private readonly change = computed(() => ({
    name: this.name().trim(),
    rate_per_minute: Number(this.rate()),
    allowed_networks: [...this.parsed().networks],
  }));

  constructor() {
    const dialogs = inject(MatDialog);
    inject(UnsavedWork).watch({
      waits: () => this.dirty(),
      hold: () => this.drafts.hold(this.holdName(), this.typed()),
      ask: () => confirmLeaving(dialogs),
    });
    effect(() => {
      const name = this.holdName();
      untracked(() => this.takeUp(name));
    });
  }

  private takeUp(holdName: string): void {
    const held = this.drafts.take<Typed>(holdName);
    if (!held) return;
    this.name.set(held.name);
    this.rate.set(held.rate);
    this.networks.set(held.networks);
    this.messages.open(HELD_IS_BACK, undefined, { duration: 4000 });
  }

  protected fill(): void {
    this.networks.set(TRADINGVIEW_NETWORKS.join('\n'));
  }

  protected save(): void {
    if (!this.wrong()) this.changed.emit(this.change());
  }
}
