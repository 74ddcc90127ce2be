import type { PositionOut } from '@core/api';

const EXITS: Readonly<Record<string, string>> = {
  stop: 'Stop',
  break_even: 'Break-even stop',
  target_1: 'Target 1',
  target_2: 'Target 2',
  unprotected: 'No stop was accepted in time',
  asked: 'Closed on request',
  by_hand: 'Closed at the broker',
  price_moved: 'The price had moved away',
  entry_over: 'Not filled in time',
  entry_refused: 'The entry was refused',
  entry_unwanted: 'The entry was taken back',
  not_followed: 'Its prices cannot be followed',
  reset: 'The account was reset',
  split: 'Ended by a split',
};

const STATES: Readonly<Record<PositionOut['status'], string>> = {
  opening: 'Opening',
  open: 'Open',
  closing: 'Closing',
  closed: 'Closed',
  dust: 'Remainder too small to sell',
  frozen: 'Frozen',
};

/** `Long` or `Short`. */
export function sideInWords({ side }: Pick<PositionOut, 'side'>): string {
  return side === 'buy' ? 'Long' : 'Short';
}

export function stateInWords({ status }: Pick<PositionOut, 'status'>): string {
  return STATES[status];
}

/** Why a position was left: `Target 2`; what is not known by name is made readable. */
export function exitInWords(reason: string | null): string {
  if (!reason) return '–';
  return EXITS[reason] ?? readable(reason);
}

/** What watches over a position, in a word or two, and what that means. */
export interface Protection {
  readonly label: string;
  readonly icon: string;
  readonly note: string;
  readonly warns: boolean;
}

export function protectionOf(
  position: Pick<PositionOut, 'protected_by' | 'status' | 'unprotected'>,
): Protection | null {
  const { protected_by: by, status } = position;
  if (status === 'closed') return null;
  if (by === 'venue')
    return {
      label: 'Venue',
      icon: 'verified_user',
      note: 'A stop order rests at the venue. It works also when Kuber is not running.',
      warns: false,
    };
  if (by === 'monitor')
    return {
      label: 'Monitor',
      icon: 'visibility',
      note: 'Kuber watches the stop. It sleeps when this computer does.',
      warns: false,
    };
  if (status === 'opening')
    return {
      label: 'Not filled yet',
      icon: 'schedule',
      note: 'Nothing is held yet. The stop is placed with the first fill.',
      warns: false,
    };
  return {
    label: 'Nothing',
    icon: 'gpp_bad',
    note: 'No stop is in force. Close the position, or see why it waits.',
    warns: true,
  };
}

/** `order_refused` as `Order refused`. */
export function readable(code: string): string {
  const words = code.replaceAll('_', ' ').trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}
