import { Component, input, model } from '@angular/core';
import { MatButton, MatIconButton } from '@angular/material/button';
import { MatFormField } from '@angular/material/form-field';
import { MatSelectModule } from '@angular/material/select';
import type { ScannerField } from '@core/api';
import { Icon } from '@shared/icon';
import { draftOf, opInWords, type RuleDraft, ruleProblem, wordsOf } from './filter-rules';

/** Rules that a ticker has to pass, all of them: field, comparison, value. */
@Component({
  selector: 'k-rule-builder',
  imports: [MatButton, MatIconButton, MatFormField, MatSelectModule, Icon],
  templateUrl: './rule-builder.html',
  styleUrl: './rule-builder.scss',
})
export class RuleBuilder {
  readonly fields = input.required<readonly ScannerField[]>();
  readonly rules = model.required<readonly RuleDraft[]>();
  /** Also name what is missing in fields that nobody has typed in yet. */
  readonly strict = input(false);

  protected readonly opWords = opInWords;

  protected fieldOf(rule: RuleDraft): ScannerField | undefined {
    return this.fields().find((item) => item.field === rule.field);
  }

  /** Prices are in the currency of each ticker, which need not be said. */
  protected unitOf(rule: RuleDraft): string {
    const unit = this.fieldOf(rule)?.unit ?? '';
    return unit === 'currency' ? '' : unit;
  }

  protected chosen(rule: RuleDraft): string[] {
    return wordsOf(rule.value);
  }

  protected problemOf(rule: RuleDraft): string {
    const touched = rule.value !== '' || rule.upper !== '';
    return touched || this.strict() ? ruleProblem(rule) : '';
  }

  protected add(): void {
    const used = new Set(this.rules().map((rule) => rule.field));
    const field = this.fields().find((item) => !used.has(item.field)) ?? this.fields()[0];
    if (!field) return;
    const key = Math.max(-1, ...this.rules().map((rule) => rule.key)) + 1;
    this.rules.set([...this.rules(), draftOf(field, key)]);
  }

  protected remove(rule: RuleDraft): void {
    this.rules.set(this.rules().filter(({ key }) => key !== rule.key));
  }

  protected change(rule: RuleDraft, change: Partial<RuleDraft>): void {
    this.rules.set(
      this.rules().map((item) => (item.key === rule.key ? { ...item, ...change } : item)),
    );
  }

  /** Another field may not know the comparison that was chosen. */
  protected changeField(rule: RuleDraft, name: string): void {
    const field = this.fields().find((item) => item.field === name);
    if (!field) return;
    const keeps = field.ops.some((op) => op === rule.op);
    const numbers = rule.op !== 'in' && field.ops.some((op) => op !== 'in');
    this.change(rule, {
      field: name,
      ...(!keeps && { op: field.ops[0] }),
      ...(!numbers && { value: '', upper: '' }),
    });
  }
}
