import { Component, computed, inject, linkedSignal, signal } from '@angular/core';
import { MatButton } from '@angular/material/button';
import { MatButtonToggleModule } from '@angular/material/button-toggle';
import { MAT_DIALOG_DATA, MatDialogModule, MatDialogRef } from '@angular/material/dialog';
import { type DeliveryOut, type SampleBody, sendTestDelivery } from '@core/api';
import { Attempt } from '@core/http/attempt';
import { unwrap } from '@core/http/unwrap';
import { ErrorState } from '@shared/error-state';
import { Notice } from '@shared/notice';
import { SymbolPicker } from '@shared/symbol-picker/symbol-picker';

type Direction = NonNullable<SampleBody['direction']>;

const DIRECTIONS: readonly { readonly value: Direction; readonly label: string }[] = [
  { value: 'BULLISH', label: 'Bullish' },
  { value: 'BEARISH', label: 'Bearish' },
  { value: 'NEUTRAL', label: 'Neutral' },
];

/** Asks what a test is to say, and sends it; closes with what came of it. */
@Component({
  selector: 'k-test-dialog',
  imports: [MatDialogModule, MatButton, MatButtonToggleModule, ErrorState, Notice, SymbolPicker],
  template: `
    <h2 mat-dialog-title>Send a test</h2>
    <mat-dialog-content>
      <div class="fields">
        <div class="wide">
          <span class="k-label" id="test-direction">Direction</span>
          <mat-button-toggle-group
            aria-labelledby="test-direction"
            hideSingleSelectionIndicator
            [value]="direction()"
            (change)="direction.set($event.value)"
          >
            @for (option of directions; track option.value) {
              <mat-button-toggle [value]="option.value">{{ option.label }}</mat-button-toggle>
            }
          </mat-button-toggle-group>
        </div>
        <div>
          <label class="k-label" for="test-ticker">Ticker</label>
          <k-symbol-picker
            inputId="test-ticker"
            label="Ticker"
            [value]="chosen()"
            (valueChange)="chosen.set($event)"
            (typed)="ticker.set($event)"
          />
        </div>
        <div>
          <label class="k-label" for="test-confidence">Confidence, 0 to 100</label>
          <input
            #confidence
            id="test-confidence"
            class="k-input k-num"
            inputmode="decimal"
            autocomplete="off"
            [value]="typed()"
            [attr.aria-invalid]="wrong() ? 'true' : null"
            (input)="typed.set(confidence.value)"
          />
        </div>
      </div>
      @if (wrong(); as wrong) {
        <p class="k-field-error" role="alert">{{ wrong }}</p>
      }
      <k-notice icon="bolt" kind="warning">
        This starts runs. It is a signal like any other: every active pipeline that subscribes to
        external signals on {{ ticker() || 'this ticker' }} runs, if its threshold is not above
        {{ typed() || 'this confidence' }}.
      </k-notice>
      @if (problem(); as error) {
        <k-error-state [error]="error" [retryable]="false" />
      }
    </mat-dialog-content>
    <mat-dialog-actions align="end">
      <button matButton type="button" (click)="dialog.close()">Cancel</button>
      <button
        matButton="filled"
        type="button"
        [disabled]="busy() || !ticker() || wrong()"
        (click)="send()"
      >
        {{ busy() ? 'Sending' : 'Send test' }}
      </button>
    </mat-dialog-actions>
  `,
  styles: `
    .fields {
      display: grid;
      grid-template-columns: minmax(0, 1fr) minmax(0, 1fr);
      gap: 16px;
    }
    .wide {
      grid-column: 1 / -1;
    }
    k-notice,
    k-error-state {
      margin-top: 16px;
    }
  `,
})
export class TestDialog {
  protected readonly dialog = inject<MatDialogRef<TestDialog, DeliveryOut>>(MatDialogRef);
  private readonly sourceId = inject<string>(MAT_DIALOG_DATA);

  protected readonly directions = DIRECTIONS;
  protected readonly chosen = signal('AAPL');
  /** What stands in the field, which is chosen only once it is left. */
  protected readonly ticker = linkedSignal(this.chosen);
  protected readonly direction = signal<Direction>('BULLISH');
  protected readonly typed = signal('80');
  protected readonly wrong = computed(() => {
    const [text, value] = [this.typed().trim(), Number(this.typed())];
    return text !== '' && value >= 0 && value <= 100 ? null : 'Enter a confidence from 0 to 100.';
  });
  private readonly attempt = new Attempt();
  protected readonly busy = this.attempt.busy;
  protected readonly problem = this.attempt.problem;

  protected async send(): Promise<void> {
    const body: SampleBody = {
      ticker: this.ticker(),
      direction: this.direction(),
      confidence: Number(this.typed()),
    };
    await this.attempt.make(async () => {
      const path = { source_id: this.sourceId };
      this.dialog.close(await unwrap(sendTestDelivery({ path, body })));
    });
  }
}
