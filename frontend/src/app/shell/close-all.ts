import { proceedsOfAll } from '@core/trading/position-value';
import type { AccountOut, PositionOut } from '@core/api';
import { formatAmount } from '@shared/format/numbers';

/** What closing all would close: one account's part of it. */
export interface ToClose {
  readonly account: string;
  readonly count: number;
  readonly proceeds: string;
}

/** The open positions of a mode by account, and about what closing them brings. */
export function toClose(
  positions: readonly PositionOut[],
  accounts: readonly AccountOut[],
  mode: string,
): readonly ToClose[] {
  const found = new Map<string, PositionOut[]>();
  for (const position of positions) {
    if (position.mode !== mode) continue;
    found.set(position.account_id, [...(found.get(position.account_id) ?? []), position]);
  }
  return [...found].map(([id, held]) => ({
    account: accounts.find((account) => account.id === id)?.name ?? held[0]?.account_name ?? '',
    count: held.length,
    proceeds: proceedsInWords(held),
  }));
}

function proceedsInWords(held: readonly PositionOut[]): string {
  const { amount, unknown } = proceedsOfAll(held);
  const currency = held[0]?.currency ?? 'USD';
  if (unknown === held.length) return 'not known now';
  const about = `about ${formatAmount(amount, currency)}`;
  return unknown ? `${about}, ${unknown} without a price` : about;
}

/** `3 positions`. */
export function positionsInWords(count: number): string {
  return `${count} ${count === 1 ? 'position' : 'positions'}`;
}

/** The mode to begin with: the one on screen, else the one furthest from real money. */
export function modeToClose(
  onScreen: string | null,
  positions: readonly Pick<PositionOut, 'mode'>[],
): string {
  if (onScreen) return onScreen;
  const held = new Set(positions.map(({ mode }) => mode));
  return ['simulation', 'paper', 'live'].find((mode) => held.has(mode)) ?? 'simulation';
}
