import { Component, computed, input } from '@angular/core';
import type { AccountOut } from '@core/api';
import { inForceInWords } from '@core/trading/order-words';
import { formatAmount, formatPercent, formatPrice, formatR } from '@shared/format/numbers';
import { MODE_LABELS, type TradingMode } from '@shared/mode';
import { type Estimate, type TicketDraft, TYPES } from './ticket-draft';

/** What is about to be sent, in words and figures. */
@Component({
  selector: 'k-ticket-review',
  template: `
    <dl>
      @for (fact of facts(); track fact.label) {
        <div>
          <dt>{{ fact.label }}</dt>
          <dd>{{ fact.value }}</dd>
        </div>
      }
    </dl>
  `,
  styles: `
    dl {
      margin: 0;
    }
    div {
      display: flex;
      justify-content: space-between;
      gap: 16px;
      padding: 8px 0;
      border-bottom: 1px solid var(--mat-sys-outline-variant);
    }
    dt {
      color: var(--mat-sys-on-surface-variant);
    }
    dd {
      color: var(--mat-sys-on-surface);
      text-align: right;
      font-variant-numeric: tabular-nums;
    }
  `,
})
export class TicketReview {
  readonly draft = input.required<TicketDraft>();
  readonly estimate = input.required<Estimate>();
  readonly account = input.required<AccountOut>();

  protected readonly facts = computed(() => {
    const [draft, estimate, account] = [this.draft(), this.estimate(), this.account()];
    const money = (value: number | null) => formatAmount(value, account.currency);
    const targets = [draft.target1, draft.target2]
      .filter((text) => text.trim())
      .map((text, index) => ({
        label: `Target ${index + 1}`,
        value: `${formatPrice(text.replaceAll(/[\s,]/g, ''))}, ${formatR(estimate.targets[index])}`,
      }));
    const share = formatPercent(estimate.riskShare);
    return [
      { label: 'Account', value: `${account.name}, ${MODE_LABELS[account.mode as TradingMode]}` },
      { label: 'Type', value: TYPES.find(({ value }) => value === draft.type)?.label ?? '' },
      { label: 'In force', value: draft.inForce ? inForceInWords(draft.inForce) : 'Usual' },
      { label: 'Expected price', value: formatPrice(estimate.price) },
      { label: 'Estimated cost', value: money(estimate.cost) },
      { label: 'Stop loss', value: formatPrice(draft.stopLoss.replaceAll(/[\s,]/g, '')) },
      ...targets,
      { label: 'Lost at the stop (1 R)', value: `${money(estimate.risk)}, ${share} of equity` },
    ];
  });
}
