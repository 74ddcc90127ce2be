import {
  formatAgo,
  formatClock,
  formatDate,
  formatDateTime,
  formatDuration,
  formatExact,
  localMoment,
  zoneInWords,
} from './times';

const NOW = Date.parse('2026-11-21T12:00:00Z');

describe('times', () => {
  it('writes a moment in the zone of the reader', () => {
    expect(formatDateTime('2026-11-21T12:00:00Z', 'Asia/Kolkata')).toBe('21 Nov 2026, 17:30');
    expect(formatDate('2026-09-01T00:00:00Z', 'UTC')).toBe('1 Sep 2026');
  });

  it('names the zone and the seconds in the exact form', () => {
    expect(formatExact('2026-11-21T12:00:05Z', 'UTC')).toBe('21 Nov 2026, 12:00:05 UTC');
  });

  it('writes seconds today and the day before that', () => {
    expect(formatClock('2026-11-21T09:30:05Z', NOW, 'UTC')).toBe('09:30:05');
    expect(formatClock('2026-11-20T09:30:05Z', NOW, 'UTC')).toBe('20 Nov, 09:30');
    expect(formatClock('2025-11-20T09:30:05Z', NOW, 'UTC')).toBe('20 Nov 2025, 09:30');
    expect(formatClock(null)).toBe('–');
  });

  it('names a zone by its town', () => {
    expect(zoneInWords('Europe/Berlin')).toBe('Berlin time');
    expect(['UTC', 'Etc/UTC', 'GMT'].map((zone) => zoneInWords(zone))).toEqual([
      'UTC',
      'UTC',
      'UTC',
    ]);
    expect(zoneInWords()).not.toBe('');
  });

  it('counts back in the largest unit that fits', () => {
    expect(formatAgo('2026-11-21T11:59:40Z', NOW)).toBe('just now');
    expect(formatAgo('2026-11-21T11:57:00Z', NOW)).toBe('3 min ago');
    expect(formatAgo('2026-11-21T07:00:00Z', NOW)).toBe('5 h ago');
    expect(formatAgo('2026-11-20T11:00:00Z', NOW)).toBe('yesterday');
    expect(formatAgo('2026-11-18T11:00:00Z', NOW)).toBe('3 days ago');
  });

  it('turns a moment into what a local date and time field holds, and back', () => {
    const local = localMoment('2009-05-14T21:00:00Z');
    expect(local).toMatch(/^2009-05-1[45]T\d\d:\d\d$/);
    expect(new Date(local).toISOString()).toBe('2009-05-14T21:00:00.000Z');
    expect(localMoment('yesterday')).toBe('');
  });

  it('writes durations in at most two units', () => {
    expect(formatDuration(0.42)).toBe('<1 ms');
    expect(formatDuration(2.44)).toBe('2.4 ms');
    expect(formatDuration(12.4)).toBe('12 ms');
    expect(formatDuration(1_400)).toBe('1.4 s');
    expect(formatDuration(125_000)).toBe('2 min 5 s');
    expect(formatDuration(3_780_000)).toBe('1 h 3 min');
    expect(formatDuration(null)).toBe('–');
  });
});
