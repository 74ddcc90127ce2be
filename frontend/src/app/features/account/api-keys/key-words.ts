import type { ApiKeyOut } from '@core/api';

/** How long a new key works. */
export interface Lifetime {
  readonly label: string;
  /** Null for a key that works until it is revoked. */
  readonly days: number | null;
}

export const DEFAULT_LIFETIME: Lifetime = { label: '90 days', days: 90 };

export const LIFETIMES: readonly Lifetime[] = [
  { label: '30 days', days: 30 },
  DEFAULT_LIFETIME,
  { label: '1 year', days: 365 },
  { label: 'No end', days: null },
];

const DAY_MS = 86_400_000;

/** When a key that is made now ends, as the server takes it. */
export function expiryOf(lifetime: Lifetime, nowMs: number): string | null {
  return lifetime.days === null ? null : new Date(nowMs + lifetime.days * DAY_MS).toISOString();
}

/** Why a key works no more; null while it does. */
export function endOf(key: ApiKeyOut, nowMs: number): 'revoked' | 'expired' | null {
  if (key.revoked_at) return 'revoked';
  return key.expires_at && Date.parse(key.expires_at) <= nowMs ? 'expired' : null;
}
