import { Component, computed, inject, linkedSignal, signal } from '@angular/core';
import { MatButton } from '@angular/material/button';
import { MAT_DIALOG_DATA, MatDialogModule, MatDialogRef } from '@angular/material/dialog';
import { Router, RouterLink } from '@angular/router';
import { type PipelineSummary, runPipeline } from '@core/api';
import { Attempt } from '@core/http/attempt';
import { unwrap } from '@core/http/unwrap';
import { aheadInWords, AsOf, momentOf } from '@shared/as-of';
import { ErrorState } from '@shared/error-state';
import { localMoment } from '@shared/format/times';
import { Notice } from '@shared/notice';
import { answeringPrices, gapInWords } from '@shared/symbol-picker/answering-prices';
import { PricesRead } from '@shared/symbol-picker/prices-read';
import { SymbolPicker } from '@shared/symbol-picker/symbol-picker';
import { Ticking } from '@shared/ticking';

/** Starts a run: on which symbol, and as of when. */
@Component({
  selector: 'k-run-dialog',
  imports: [
    AsOf,
    MatDialogModule,
    MatButton,
    Notice,
    PricesRead,
    RouterLink,
    SymbolPicker,
    ErrorState,
  ],
  template: `
    <h2 mat-dialog-title>Run {{ pipeline.name }}</h2>
    <mat-dialog-content>
      @if (pipeline.published_version === null) {
        <k-notice kind="warning" icon="unpublished">
          It was never published, and only what is published runs from here. Open it: there you can
          publish it, or run the draft.
        </k-notice>
      } @else {
        <form id="run" (submit)="$event.preventDefault(); run()">
          <p class="k-muted">
            Runs version {{ pipeline.published_version }}, which is published.
            @if (pipeline.draft_differs) {
              Its draft runs in the editor only.
            }
          </p>
          <label class="k-label" for="run-symbol">Symbol</label>
          <k-symbol-picker
            inputId="run-symbol"
            listWidth="field"
            [value]="symbol()"
            (valueChange)="symbol.set($event)"
            (typed)="typed.set($event)"
          />
          <k-as-of [(value)]="asOf" [(inHistory)]="inHistory" />
          <p class="k-help">On a date in history the run sees nothing that came later.</p>
          <k-prices-read [answering]="answering()" (moved)="asOf.set(localMoment($event))" />
        </form>
      }
      @if (problem(); as error) {
        <k-error-state [error]="error" [retryable]="false" />
      }
    </mat-dialog-content>
    <mat-dialog-actions align="end">
      <button matButton type="button" (click)="dialog.close()">Cancel</button>
      @if (pipeline.published_version === null) {
        <a matButton="filled" [routerLink]="['/pipelines', pipeline.id]" (click)="dialog.close()"
          >Open the editor</a
        >
      } @else {
        <button matButton="filled" type="submit" form="run" [disabled]="!canRun()">
          {{ busy() ? 'Starting' : 'Run' }}
        </button>
      }
    </mat-dialog-actions>
  `,
  styles: `
    mat-dialog-content > k-notice,
    form > :first-child {
      margin-bottom: 16px;
    }
    k-as-of {
      margin-top: 16px;
    }
    k-prices-read {
      flex-wrap: wrap;
      margin-top: 8px;
    }
    k-error-state {
      margin-top: 16px;
    }
  `,
})
export class RunDialog {
  private readonly router = inject(Router);
  protected readonly pipeline = inject<PipelineSummary>(MAT_DIALOG_DATA);
  protected readonly dialog = inject<MatDialogRef<RunDialog>>(MatDialogRef);
  protected readonly symbol = signal(this.pipeline.last_run?.symbol ?? '');
  /** What stands in the field, which is chosen only once it is left. */
  protected readonly typed = linkedSignal(this.symbol);
  /** Local date and time; empty for now. */
  protected readonly asOf = signal('');
  protected readonly inHistory = linkedSignal(() => this.asOf() !== '');
  protected readonly answering = answeringPrices(
    this.symbol,
    computed(() => momentOf(this.asOf())),
  );
  protected readonly localMoment = localMoment;
  private readonly ticking = inject(Ticking);
  private readonly attempt = new Attempt();
  protected readonly busy = this.attempt.busy;
  protected readonly problem = this.attempt.problem;
  protected readonly canRun = computed(
    () =>
      this.typed() !== '' &&
      !this.busy() &&
      !aheadInWords(this.asOf(), this.ticking.nowMs()) &&
      !(this.typed() === this.symbol() && gapInWords(this.answering())),
  );

  protected async run(): Promise<void> {
    const symbol = this.typed();
    if (!this.canRun() || this.pipeline.published_version === null) return;
    await this.attempt.make(async () => {
      const started = await unwrap(
        runPipeline({
          path: { pipeline_id: this.pipeline.id },
          body: { symbol, as_of: momentOf(this.asOf()) },
        }),
      );
      this.dialog.close();
      await this.router.navigate(['/runs', started.execution_id]);
    });
  }
}
