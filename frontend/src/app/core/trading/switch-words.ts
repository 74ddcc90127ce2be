import type { SwitchOut } from '@core/api';

export type SwitchState = SwitchOut['state'];

export interface SwitchLook {
  readonly label: string;
  readonly icon: string;
  /** What happens while it is on. */
  readonly means: string;
}

export const SWITCH_LOOKS: Readonly<Record<SwitchState, SwitchLook>> = {
  off: { label: 'Trading', icon: 'play_circle', means: 'Runs start and entries are placed.' },
  paused: {
    label: 'Paused',
    icon: 'pause_circle',
    means: 'No new runs and no new entries. Exits and their monitoring go on.',
  },
  reduce_only: {
    label: 'Reduce only',
    icon: 'trending_down',
    means: 'Runs go on, entries are refused and working entries cancelled. Exits go on.',
  },
  halted: {
    label: 'Halted',
    icon: 'dangerous',
    means: 'No runs and no entries; working entries are cancelled. Exits and monitoring go on.',
  },
};
export const SWITCH_STATES: readonly SwitchState[] = ['off', 'paused', 'reduce_only', 'halted'];
const STRICTNESS: Readonly<Record<SwitchState, number>> = {
  off: 0,
  paused: 1,
  reduce_only: 2,
  halted: 3,
};

/** Those that are on, the strictest first. */
export function switchesOn<T extends Pick<SwitchOut, 'state'>>(switches: readonly T[]): T[] {
  return switches
    .filter(({ state }) => state !== 'off')
    .sort((one, other) => STRICTNESS[other.state] - STRICTNESS[one.state]);
}

/** What a switch governs: `All of this installation`, `Your trading`, a pipeline's name. */
export function scopeInWords({ name, scope }: Pick<SwitchOut, 'name' | 'scope'>): string {
  if (scope === 'platform') return 'All of this installation';
  if (scope === 'file') return 'This installation, by ./kuber halt';
  if (scope.startsWith('pipeline:')) return name ?? 'A deleted pipeline';
  return 'Your trading';
}
