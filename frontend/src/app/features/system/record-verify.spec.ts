import { signal } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import type { AuditVerdict } from '@core/api';
import { Session } from '@core/auth/session';
import { asked, provideFakeApi, queryOf, refuse, settled } from '@core/http/testing';
import { CurrentVerification } from './current-verification';
import { Subject } from 'rxjs';
import { RecordVerify } from './record-verify';
import { SLICE } from './record-verification';

const TOTAL = 2 * SLICE;
const part = (change: Partial<AuditVerdict>): AuditVerdict => ({
  intact: true,
  complete: true,
  checked: SLICE,
  first_bad: null,
  findings: [],
  end_unchecked: null,
  authorship: 'Nobody noted the key elsewhere.',
  total: TOTAL,
  next: null,
  checkpoints: 12,
  key_id: null,
  ...change,
});

describe('verifying the record', () => {
  beforeEach(() => {
    vi.stubGlobal(
      'ResizeObserver',
      class {
        constructor(private readonly told: () => void) {}
        observe = () => this.told();
        disconnect = () => undefined;
      },
    );
    sessionStorage.clear();
  });

  afterEach(() => {
    vi.unstubAllGlobals();
    vi.restoreAllMocks();
  });

  async function begin() {
    TestBed.configureTestingModule({ providers: [provideFakeApi()] });
    const fixture = TestBed.createComponent(RecordVerify);
    const chosen: number[] = [];
    fixture.componentInstance.placeChosen.subscribe((place) => chosen.push(place));
    fixture.detectChanges();
    const page = fixture.nativeElement as HTMLElement;
    document.body.append(page);
    const settle = () => settled(fixture);
    const press = async (name: string) => {
      named(page, name)!.focus();
      named(page, name)!.click();
      await settle();
    };
    await press('Verify');
    const answer = async (verdict: AuditVerdict) => {
      const call = await asked('GET', '/audit/verify');
      call.flush(verdict);
      await settle();
      return queryOf(call);
    };
    return { fixture, page, press, answer, settle, chosen };
  }

  const named = (page: HTMLElement, name: string) =>
    [...page.querySelectorAll('button')].find((it) => it.textContent.trim() === name);
  const bar = (page: HTMLElement) => page.querySelector('[role=progressbar]');

  it('shows how far it is, and says in words that all is well', async () => {
    const { page, answer } = await begin();
    const first = await answer(part({ next: SLICE, checkpoints: null }));
    expect([first.get('after'), first.get('limit')]).toEqual(['0', String(SLICE)]);
    expect(bar(page)?.getAttribute('aria-valuenow')).toBe('50');
    expect(page.textContent).toContain('10,000 of 20,000');
    expect((await answer(part({}))).get('after')).toBe(String(SLICE));
    expect(page.querySelector('.result')?.textContent).toContain(
      'Intact: 20,000 entries, 12 checkpoints, nothing wrong.',
    );
    expect(page.textContent).toContain('Nobody noted the key elsewhere.');
    expect(page.textContent).toContain('Last verified');
    expect(bar(page)).toBeNull();
  });

  it('names each thing that is wrong with its place, which can be gone to', async () => {
    const { page, answer, chosen } = await begin();
    const findings = [
      { chain_position: 7, damage: 'entry_changed' as const, detail: 'It is not what was hashed.' },
      { chain_position: null, damage: 'row_unrecorded' as const, detail: 'Fill 9.' },
    ];
    await answer(part({ intact: false, findings, end_unchecked: 'A cut would not show.' }));
    expect(page.querySelector('.result')?.textContent).toContain(
      'Not intact: 2 things are wrong in 10,000 entries',
    );
    const [first, second] = [...page.querySelectorAll('.found li')];
    expect(first?.textContent).toContain('This entry was changed after it went on record.');
    expect(first?.textContent).toContain('It is not what was hashed.');
    first?.querySelector('button')?.click();
    expect(chosen).toEqual([7]);
    expect(first?.querySelector('button')?.getAttribute('aria-label')).toBe('Show entry 7');
    expect(second?.querySelector('button')).toBeNull();
    expect(page.querySelector('k-notice')?.textContent).toContain('A cut would not show.');
    expect(page.querySelector('.small')?.textContent.trim()).toMatch(/^Signatures: Nobody noted/);
  });

  it('keeps what was found when it cannot go on, and offers to', async () => {
    const { page, press, answer, settle } = await begin();
    const findings = [{ chain_position: 7, damage: 'link_changed' as const, detail: 'x' }];
    await answer(part({ next: SLICE, findings, complete: false }));
    refuse(await asked('GET', '/audit/verify'), 'The database does not answer.');
    await settle();
    expect(page.textContent).toContain('The database does not answer.');
    expect(page.textContent).toContain('Stopped after 10,000 of 20,000 entries: 1 thing is wrong');
    expect(page.querySelectorAll('.found li')).toHaveLength(1);
    expect(named(page, 'Go on')).toBeUndefined();
    await press('Retry');
    await answer(part({}));
    expect(page.querySelector('.result')?.textContent).toContain(
      'Not intact: at least 1 thing is wrong',
    );
  });

  it('says that nothing was checked when the first part fails, and offers one Retry', async () => {
    const { page, press, answer, settle } = await begin();
    refuse(await asked('GET', '/audit/verify'), 'The database does not answer.');
    await settle();
    expect(page.querySelector('.title')?.textContent).toMatch(/^Nothing was checked: /);
    expect(page.querySelector('.result')).toBeNull();
    expect([...page.querySelectorAll('button')].map((it) => it.textContent.trim())).toEqual([
      'Retry',
    ]);
    expect(document.activeElement).toBe(page.querySelector('.failure'));
    await press('Retry');
    expect(document.activeElement).toBe(named(page, 'Cancel'));
    expect((await answer(part({ next: SLICE }))).get('after')).toBe('0');
  });

  it('cuts a long detail until more of it is asked for, and offers no more where all is shown', async () => {
    // What is cut shows two lines of it.
    vi.spyOn(Element.prototype, 'scrollHeight', 'get').mockImplementation(function (this: Element) {
      return this.classList.contains('cut') && this.textContent.length > 100 ? 64 : 32;
    });
    vi.spyOn(Element.prototype, 'clientHeight', 'get').mockReturnValue(32);
    const { page, answer, press } = await begin();
    const findings = [
      { chain_position: 7, damage: 'entry_changed' as const, detail: 'Short.' },
      { chain_position: 8, damage: 'row_differs' as const, detail: 'x'.repeat(500) },
    ];
    await answer(part({ intact: false, findings }));
    const long = page.querySelectorAll('.detail')[1]!;
    expect(page.querySelectorAll('.more')).toHaveLength(1);
    expect(long.classList.contains('cut')).toBe(true);
    await press('More');
    expect(long.classList.contains('cut')).toBe(false);
    await press('Less');
    expect(long.classList.contains('cut')).toBe(true);
  });

  it('tells times and places of what is wrong in the form of the page', async () => {
    const { page, answer } = await begin();
    const detail = 'It was there at place 90143 by 2026-12-01 07:29:33 UTC.';
    const findings = [{ chain_position: 7, damage: 'entry_changed' as const, detail }];
    await answer(part({ intact: false, findings }));
    expect(page.querySelector('.detail')?.textContent.trim()).toMatch(
      /^It was there at place 90,143 by [12] Dec 2026, \d\d:\d\d\.$/,
    );
  });

  it('is shown with its time after a reload, to who did it', async () => {
    const owner = signal<string | null>('ann');
    const loggingOut = new Subject<void>();
    const reload = () => {
      TestBed.resetTestingModule();
      const session = { owner, loggingOut };
      TestBed.configureTestingModule({
        providers: [provideFakeApi(), { provide: Session, useValue: session }],
      });
      return TestBed.inject(CurrentVerification);
    };
    const before = reload();
    const verifying = before.start();
    const findings = [{ chain_position: 7, damage: 'entry_changed' as const, detail: 'x' }];
    (await asked('GET', '/audit/verify')).flush(part({ intact: false, findings }));
    await verifying;
    TestBed.tick();
    const at = before.finishedAt();
    const after = reload();
    expect([after.phase(), after.finishedAt(), after.checked()]).toEqual(['done', at, SLICE]);
    expect(after.findings()).toEqual(findings);
    owner.set('bob');
    expect(reload().phase()).toBe('idle');
    owner.set('ann');
    reload();
    loggingOut.next();
    expect(reload().phase()).toBe('idle');
  });

  it('breaks the part at hand off at once, and leads to what came of it', async () => {
    const { page, press, answer } = await begin();
    await answer(part({ next: SLICE }));
    const call = await asked('GET', '/audit/verify');
    await press('Cancel');
    expect(call.cancelled).toBe(true);
    expect(page.textContent).toContain('Stopped after 10,000 of 20,000 entries: nothing wrong');
    expect(page.textContent).not.toContain('Last verified');
    expect(page.querySelector('k-error-state')).toBeNull();
    expect(document.activeElement).toBe(page.querySelector('.result'));
    await press('Go on');
    expect((await answer(part({}))).get('after')).toBe(String(SLICE));
  });

  it('goes on while its page is left, and is forgotten with the session', async () => {
    const { fixture } = await begin();
    fixture.destroy();
    (await asked('GET', '/audit/verify')).flush(part({}));
    await vi.waitFor(() => expect(TestBed.inject(CurrentVerification).phase()).toBe('done'));
    const again = TestBed.createComponent(RecordVerify);
    again.detectChanges();
    const page = again.nativeElement as HTMLElement;
    expect(page.textContent).toContain('Intact: 10,000 entries');
    void TestBed.inject(Session).logOut();
    await settled(again);
    expect(page.textContent).not.toContain('Intact');
    expect(named(page, 'Verify')).toBeDefined();
  });
});
