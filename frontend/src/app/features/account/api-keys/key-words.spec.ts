import type { ApiKeyOut } from '@core/api';
import { endOf, expiryOf, LIFETIMES } from './key-words';

const NOW = Date.parse('2026-01-05T15:00:00Z');
const key = { revoked_at: null, expires_at: null } as ApiKeyOut;

describe('how long a key works', () => {
  it('counts days from now, or has no end', () => {
    expect(expiryOf(LIFETIMES[0]!, NOW)).toBe('2026-02-04T15:00:00.000Z');
    expect(expiryOf(LIFETIMES.at(-1)!, NOW)).toBeNull();
  });

  it('ends when it is revoked, or at its time', () => {
    expect(endOf(key, NOW)).toBeNull();
    expect(endOf({ ...key, expires_at: '2026-01-05T15:00:01Z' }, NOW)).toBeNull();
    expect(endOf({ ...key, expires_at: '2026-01-05T15:00:00Z' }, NOW)).toBe('expired');
    expect(endOf({ ...key, revoked_at: '2026-01-01T00:00:00Z' }, NOW)).toBe('revoked');
  });
});
