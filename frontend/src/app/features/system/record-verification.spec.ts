import type { AuditFinding, AuditVerdict } from '@core/api';
import { RecordVerification, SLICE } from './record-verification';

const TOTAL = 2 * SLICE + 500;
const found = (chain_position: number): AuditFinding => ({
  chain_position,
  damage: 'entry_changed',
  detail: 'Changed.',
});

function part(after: number, findings: AuditFinding[] = []): AuditVerdict {
  const until = Math.min(after + SLICE, TOTAL);
  return {
    intact: !findings.length,
    complete: true,
    checked: until - after,
    first_bad: findings[0] ?? null,
    findings,
    end_unchecked: null,
    authorship: 'Signed.',
    total: TOTAL,
    next: until < TOTAL ? until : null,
    checkpoints: until < TOTAL ? null : 12,
    key_id: null,
  };
}

describe('RecordVerification', () => {
  it('goes part by part to the end and counts what it looked at', async () => {
    const asked: number[] = [];
    const verification = new RecordVerification((after) => {
      asked.push(after);
      return Promise.resolve(part(after));
    });
    await verification.start();
    expect(asked).toEqual([0, SLICE, 2 * SLICE]);
    expect(verification.phase()).toBe('done');
    expect(verification.checked()).toBe(TOTAL);
    expect(verification.verified()).toBe(TOTAL);
    expect(verification.verdict()?.checkpoints).toBe(12);
    expect(verification.finishedAt()).not.toBeNull();
  });

  it('keeps what it found when a part fails, and goes on behind it', async () => {
    let down = true;
    const asked: number[] = [];
    const verification = new RecordVerification((after) => {
      asked.push(after);
      if (after && down) return Promise.reject(new Error('down'));
      return Promise.resolve(part(after, after ? [found(15_000)] : [found(7)]));
    });
    await verification.start();
    expect(verification.phase()).toBe('stopped');
    expect(verification.error()?.detail).toBe('down');
    expect(verification.findings()).toEqual([found(7)]);
    expect(verification.verified()).toBe(SLICE);
    down = false;
    await verification.goOn();
    expect(verification.error()).toBeNull();
    expect(asked).toEqual([0, SLICE, SLICE, 2 * SLICE]);
    expect(verification.findings()).toHaveLength(3);
    expect(verification.phase()).toBe('done');
  });

  it('stops by breaking off the part at hand, which is no failure', async () => {
    const verification: RecordVerification = new RecordVerification((after, _, signal) => {
      if (!after) return Promise.resolve(part(after));
      return new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(new Error('aborted')));
        verification.stop();
        expect(verification.stopping()).toBe(true);
      });
    });
    await verification.start();
    expect(verification.phase()).toBe('stopped');
    expect(verification.stopping()).toBe(false);
    expect(verification.error()).toBeNull();
    expect(verification.verified()).toBe(SLICE);
    expect(verification.verdict()).toBeNull();
    expect(verification.finishedAt()).toBeNull();
  });

  it('begins anew without what was found before', async () => {
    let findings = [found(7)];
    const verification = new RecordVerification((after) =>
      Promise.resolve(part(after, after ? [] : findings)),
    );
    await verification.start();
    findings = [];
    await verification.start();
    expect(verification.findings()).toEqual([]);
    expect(verification.checked()).toBe(TOTAL);
  });
});
