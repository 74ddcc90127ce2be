import { TestBed } from '@angular/core/testing';
import { aheadInWords, AsOf, momentOf } from './as-of';
import { localMoment, zoneInWords } from './format/times';

describe('the moment that a run is as of', () => {
  async function open() {
    const fixture = TestBed.createComponent(AsOf);
    const page = fixture.nativeElement as HTMLElement;
    await fixture.whenStable();
    const moment = () => page.querySelector<HTMLInputElement>('.moment');
    return {
      page,
      moment,
      asOf: fixture.componentInstance,
      choose: async (value: string) => {
        const when = page.querySelector('select')!;
        when.value = value;
        when.dispatchEvent(new Event('change'));
        await fixture.whenStable();
      },
      type: async (value: string) => {
        moment()!.value = value;
        moment()!.dispatchEvent(new Event('input'));
        await fixture.whenStable();
      },
    };
  }

  it('is now until a date in history is chosen, and again when it is not any more', async () => {
    const { moment, asOf, choose, type } = await open();
    expect(moment()).toBeNull();
    await choose('history');
    await type('2013-03-01T16:00');
    expect(momentOf(asOf.value())).toBe(new Date('2013-03-01T16:00').toISOString());
    await choose('now');
    expect([moment(), momentOf(asOf.value())]).toEqual([null, null]);
  });

  it('takes today up to now, and says at the field what is wrong with the future', async () => {
    const { page, moment, choose, type } = await open();
    const now = localMoment(new Date().toISOString());
    await choose('history');
    expect(moment()!.max.slice(0, 10)).toBe(now.slice(0, 10));
    await type(now);
    expect(page.querySelector('.fault')?.textContent).toBe('');
    await type('2199-01-01T10:00');
    expect(page.querySelector('.fault')?.textContent).toBe(
      'This is in the future. Choose a moment up to now.',
    );
    expect(moment()!.getAttribute('aria-invalid')).toBe('true');
  });

  it('says of which zone the date and time in the field are', async () => {
    const { page, moment, choose } = await open();
    expect(page.querySelector('.zone')).toBeNull();
    await choose('history');
    const zone = page.querySelector('.zone');
    expect(zone?.textContent).toBe(zoneInWords());
    expect(moment()!.getAttribute('aria-describedby')?.split(' ')).toContain(zone?.id);
  });

  it('is ahead only of what is later than now', () => {
    const now = new Date('2026-11-30T12:00').getTime();
    expect(aheadInWords('2026-11-30T12:00', now)).toBe('');
    expect(aheadInWords('2026-11-30T12:01', now)).not.toBe('');
    expect(aheadInWords('', now)).toBe('');
  });
});
