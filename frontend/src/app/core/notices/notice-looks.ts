import type { NoticeKind } from '@core/api';

export interface NoticeLook {
  readonly label: string;
  readonly icon: string;
  /** The colour of the icon: a `--k-` variable without its prefix. */
  readonly colour: string;
}

/** How each kind of notice is named and drawn. */
export const NOTICE_LOOKS: Readonly<Record<NoticeKind, NoticeLook>> = {
  order_filled: { label: 'Order filled', icon: 'task_alt', colour: 'done' },
  order_rejected: { label: 'Order rejected', icon: 'block', colour: 'failed' },
  run_failed: { label: 'Run failed', icon: 'error', colour: 'failed' },
  pipeline_switched_off: {
    label: 'Pipeline switched off',
    icon: 'power_settings_new',
    colour: 'warning',
  },
  budget_exhausted: { label: 'Budget spent', icon: 'account_balance_wallet', colour: 'warning' },
  webhook_refused: { label: 'Webhook refused', icon: 'webhook', colour: 'warning' },
  deposit: { label: 'Deposit', icon: 'savings', colour: 'done' },
  position_alarm: { label: 'Position needs you', icon: 'shield', colour: 'failed' },
  trading_switch: { label: 'Trading switch', icon: 'back_hand', colour: 'failed' },
  account_differs: { label: 'Account does not agree', icon: 'rule', colour: 'failed' },
  position_news: { label: 'Position', icon: 'candlestick_chart', colour: 'waiting' },
  test: { label: 'Test', icon: 'science', colour: 'waiting' },
};

const UNKNOWN: NoticeLook = { label: 'Notice', icon: 'notifications', colour: 'waiting' };

/** The look of a kind, also of one that a newer server has and this page does not know. */
export function noticeLook(kind: string): NoticeLook {
  return NOTICE_LOOKS[kind as NoticeKind] ?? UNKNOWN;
}
