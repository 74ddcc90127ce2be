import { Component, effect, inject, resource } from '@angular/core';
import { FormControl, FormGroup, ReactiveFormsModule, Validators } from '@angular/forms';
import { MatButton } from '@angular/material/button';
import { MatSnackBar } from '@angular/material/snack-bar';
import { getBudget, putBudget } from '@core/api';
import { Attempt } from '@core/http/attempt';
import { type ProblemError, toProblemError } from '@core/http/problem-error';
import { unwrap } from '@core/http/unwrap';
import { ErrorState } from '@shared/error-state';
import { CostPipe } from '@shared/format/format-pipes';
import { Skeleton } from '@shared/skeleton';

const AMOUNT = /^\d{1,9}(\.\d{1,6})?$/;

/** What one run, and all runs of a day, may cost. */
@Component({
  selector: 'k-budget-form',
  imports: [ReactiveFormsModule, MatButton, ErrorState, Skeleton, CostPipe],
  templateUrl: './budget-form.html',
  styleUrl: './budget-form.scss',
})
export class BudgetForm {
  private readonly messages = inject(MatSnackBar);

  protected readonly budget = resource({ loader: () => unwrap(getBudget()) });
  protected readonly form = new FormGroup({
    perRun: new FormControl('', { nonNullable: true, validators: Validators.pattern(AMOUNT) }),
    perDay: new FormControl('', { nonNullable: true, validators: Validators.pattern(AMOUNT) }),
  });
  private readonly attempt = new Attempt();
  protected readonly busy = this.attempt.busy;
  protected readonly problem = this.attempt.problem;

  constructor() {
    effect(() => {
      if (!this.budget.hasValue()) return;
      const { per_run, per_day } = this.budget.value();
      if (this.form.dirty) return; // typed while the answer was on its way
      this.form.reset({ perRun: per_run ?? '', perDay: per_day ?? '' });
    });
  }

  protected loadError(): ProblemError | null {
    const error = this.budget.error();
    return error ? toProblemError(error) : null;
  }

  protected async save(): Promise<void> {
    const { perRun, perDay } = this.form.getRawValue();
    this.form.markAsPristine();
    const done = await this.attempt.make(async () => {
      const body = { per_run: perRun || null, per_day: perDay || null };
      this.budget.set(await unwrap(putBudget({ body })));
      this.messages.open('Budget saved', undefined, { duration: 3000 });
    });
    if (!done) this.form.markAsDirty();
  }
}
