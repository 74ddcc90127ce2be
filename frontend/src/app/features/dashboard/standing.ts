import type { AccountOut, PositionOut } from '@core/api';
import { numberOf, sumOf } from '@core/trading/decimals';
import type { TradingMode } from '@shared/mode';

/** What the accounts of one mode and currency come to. */
export interface Standing {
  readonly mode: TradingMode;
  readonly currency: string;
  readonly equity: number;
  readonly today: number;
  readonly risk: number;
  /** Null until they are known. */
  readonly positions: number | null;
}

/** Real money first. */
const ORDER: readonly TradingMode[] = ['live', 'paper', 'simulation', 'validation'];

export function standingsOf(
  accounts: readonly AccountOut[],
  positions: readonly Pick<PositionOut, 'account_id'>[] | null,
): readonly Standing[] {
  const groups = new Map<string, AccountOut[]>();
  for (const account of accounts) {
    const key = `${account.mode} ${account.currency}`;
    groups.set(key, [...(groups.get(key) ?? []), account]);
  }
  return [...groups.values()]
    .map((group) => standingOf(group, positions))
    .sort((one, other) => ORDER.indexOf(one.mode) - ORDER.indexOf(other.mode));
}

function standingOf(
  group: readonly AccountOut[],
  positions: readonly Pick<PositionOut, 'account_id'>[] | null,
): Standing {
  const ids = new Set(group.map(({ id }) => id));
  return {
    mode: group[0]?.mode as TradingMode,
    currency: group[0]?.currency ?? 'USD',
    equity: sumOf(group.map(({ equity }) => numberOf(equity))),
    today: sumOf(group.map(({ pnl_today }) => numberOf(pnl_today))),
    risk: sumOf(group.map(({ open_risk }) => numberOf(open_risk))),
    positions: positions && positions.filter(({ account_id }) => ids.has(account_id)).length,
  };
}
