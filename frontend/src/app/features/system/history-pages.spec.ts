import { Clipboard } from '@angular/cdk/clipboard';
import { Location } from '@angular/common';
import { Component, signal } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import { provideRouter, Router, withComponentInputBinding } from '@angular/router';
import { RouterTestingHarness } from '@angular/router/testing';
import { NEVER } from 'rxjs';
import type { AuditEntryOut, PastEvent } from '@core/api';
import { Session } from '@core/auth/session';
import { asked, provideFakeApi, queryOf, refuse, settled } from '@core/http/testing';
import { AuditPage } from './audit-page';
import { EventsPage } from './events-page';

const OWN = '019ac0de-0000-7000-8000-0000000000aa';
const PIPELINE = '019ac0de-0000-7000-8000-0000000000bb';
const RUN = '019ac0de-0000-7000-8000-000000000001';

const entry = (chain_position: number, change: Partial<AuditEntryOut> = {}): AuditEntryOut => ({
  event_id: RUN,
  correlation_id: 'request-1',
  event_type: 'user_logged_in',
  timestamp: '2026-11-21T12:00:00Z',
  user_id: OWN,
  data: { run_id: RUN },
  hash: 'a'.repeat(64),
  previous_hash: 'b'.repeat(64),
  chain_position,
  ...change,
});
const event = (id: string, change: Partial<PastEvent> = {}): PastEvent => ({
  id,
  at: '2026-11-21T12:00:00Z',
  type: 'RunFinished',
  service: 'worker',
  correlation_id: 'request-1',
  user_id: OWN,
  data: { run_id: RUN, symbol: 'AAPL', status: 'succeeded' },
  ...change,
});

@Component({ template: '' })
class Elsewhere {}

beforeEach(() =>
  vi.stubGlobal(
    'ResizeObserver',
    class {
      observe = () => undefined;
      disconnect = () => undefined;
    },
  ),
);

afterEach(() => vi.unstubAllGlobals());

async function open(address: string, role: 'admin' | 'user') {
  const copied: string[] = [];
  const session = { user: signal({ id: OWN, role }), owner: signal(OWN), loggingOut: NEVER };
  TestBed.configureTestingModule({
    providers: [
      provideFakeApi(),
      provideRouter(
        [
          { path: 'system/audit', component: AuditPage },
          { path: 'system/events', component: EventsPage },
          { path: '**', component: Elsewhere },
        ],
        withComponentInputBinding(),
      ),
      { provide: Session, useValue: session },
      { provide: Clipboard, useValue: { copy: (text: string) => copied.push(text) } },
    ],
  });
  const harness = await RouterTestingHarness.create();
  await harness.navigateByUrl(address);
  const page = harness.fixture.nativeElement as HTMLElement;
  const settle = () => settled(harness.fixture);
  const answer = async (path: string, items: object[], next_cursor: string | null = null) => {
    const call = await asked('GET', path);
    call.flush({ items, next_cursor });
    await settle();
    return queryOf(call);
  };
  const named = (name: string) =>
    [...page.querySelectorAll('button')].find(
      (it) => (it.getAttribute('aria-label') ?? it.textContent).trim() === name,
    )!;
  const click = async (name: string) => {
    named(name).click();
    await settle();
  };
  const type = async (text: string) => {
    const field = page.querySelector<HTMLInputElement>('input[type=search]')!;
    field.value = text;
    field.dispatchEvent(new Event('input'));
    await settle();
  };
  return { page, answer, settle, click, type, copied };
}

describe('the page of the record', () => {
  it('lets administrators verify, and tells them whose an entry is', async () => {
    const { page, answer } = await open('/system/audit', 'admin');
    await answer('/audit', [entry(2), entry(1, { user_id: null })]);
    expect(page.querySelector('k-record-verify')).not.toBeNull();
    const [first, second] = [...page.querySelectorAll('tbody tr')];
    expect(first?.textContent).toContain('Logged in');
    expect(first?.textContent).toContain('You');
    expect(second?.textContent).toContain('Installation');
    expect(second?.querySelector('.what .narrow.small')?.textContent).toBe(
      'Place 1 · Installation',
    );
    expect(page.querySelector('k-record-export')).not.toBeNull();
  });

  it('shows others their own entries and no verification', async () => {
    const { page, answer } = await open('/system/audit', 'user');
    await answer('/audit', [entry(2)]);
    expect(page.querySelector('k-record-verify, k-record-export')).toBeNull();
    expect(page.querySelector('.what .narrow.small')?.textContent).toBe('Place 2');
    expect(page.textContent).not.toContain('You');
  });

  it('filters by the type in the address, and by no other', async () => {
    const { answer } = await open('/system/audit?type=order_intended', 'user');
    expect((await answer('/audit', [])).get('type')).toBe('order_intended');
    TestBed.resetTestingModule();
    const other = await open('/system/audit?type=nonsense', 'user');
    expect((await other.answer('/audit', [])).has('type')).toBe(false);
  });

  it('opens an entry with its data, its hashes and where it leads', async () => {
    const { page, answer, click } = await open('/system/audit', 'user');
    await answer('/audit', [entry(2)]);
    await click('Details of entry 2');
    const detail = page.querySelector('.k-detail')!;
    expect(detail.textContent).toContain('a'.repeat(64));
    expect(detail.textContent).toContain('b'.repeat(64));
    const facts = [...detail.querySelectorAll('dl > div')].map((it) =>
      [...it.children].map((part) => part.textContent.trim()).join(': '),
    );
    expect(facts).toContain('Place: 2');
    expect(facts).toContain(`Who: You, ${OWN}`);
    expect(detail.querySelector('a')?.getAttribute('href')).toBe(`/runs/${RUN}`);
    await click('Details of entry 2');
    expect(page.querySelector('.k-detail')).toBeNull();
  });

  it('copies a correlation id without opening the entry', async () => {
    const { page, answer, click, copied } = await open('/system/audit', 'user');
    await answer('/audit', [entry(2)]);
    await click('Copy correlation id request-1');
    expect(copied).toEqual(['request-1']);
    expect(page.querySelector('.k-detail')).toBeNull();
  });

  it('lists from the place of what is wrong on, and shows what stands there', async () => {
    const { page, answer, click, settle, copied } = await open(
      '/system/audit?type=user_logged_in',
      'admin',
    );
    Element.prototype.scrollIntoView ??= () => undefined;
    await answer('/audit', [entry(20_000)]);
    await click('Verify');
    (await asked('GET', '/audit/verify')).flush({
      checked: 2,
      total: 2,
      next: null,
      findings: [{ chain_position: 12_017, damage: 'entry_changed', detail: '' }],
      checkpoints: 0,
      authorship: '',
    });
    await settle();
    await click('Show entry 12,017');
    const params = await answer('/audit', [entry(12_017), entry(12_016)]);
    expect([params.get('up_to'), params.has('type')]).toEqual(['12017', false]);
    expect(TestBed.inject(Router).url).toBe('/system/audit?up_to=12017');
    expect(copied).toEqual([]);
    expect(page.querySelectorAll('tr.k-detail')).toHaveLength(1);
    expect(page.querySelector('.sought')?.getAttribute('data-key')).toBe('12017');
    expect(document.activeElement?.closest('tr')).toBe(page.querySelector('.sought'));
    expect(page.querySelector('.from')?.textContent).toContain('From place 12,017');
    await click('From place 12,017: remove');
    expect((await answer('/audit', [entry(20_000)])).has('up_to')).toBe(false);
    expect(TestBed.inject(Router).url).toBe('/system/audit');
    expect(page.querySelector('.from')).toBeNull();
  });

  it('says that no entry stands at the place in the address', async () => {
    const { page, answer } = await open('/system/audit?up_to=17', 'user');
    expect((await answer('/audit', [entry(16)])).get('up_to')).toBe('17');
    expect(page.querySelector('k-notice')?.textContent).toContain('no entry of yours at place 17');
    TestBed.resetTestingModule();
    const other = await open('/system/audit?up_to=many', 'user');
    expect((await other.answer('/audit', [entry(16)])).has('up_to')).toBe(false);
    expect(other.page.querySelector('k-notice')).toBeNull();
  });

  it('names the pipeline of an entry and leads to it', async () => {
    const { page, answer } = await open('/system/audit', 'user');
    const data = { pipeline_id: PIPELINE, status: 'active' };
    const gone = { pipeline_id: RUN, status: 'active' };
    await answer('/audit', [
      entry(2, { event_type: 'pipeline_activated', data }),
      entry(1, { event_type: 'pipeline_activated', data: gone }),
    ]);
    await answer('/pipelines', [{ id: PIPELINE, name: 'Swing' }]);
    await answer('/pipelines', []);
    const [first, second] = [...page.querySelectorAll('tbody tr')];
    const link = first?.querySelector('a');
    expect([link?.textContent, link?.getAttribute('href')]).toEqual([
      'Swing',
      `/pipelines/${PIPELINE}`,
    ]);
    expect(second?.querySelector('a')).toBeNull();
    expect(second?.textContent).toContain('Pipeline …0000000001');
  });

  it('takes up what came since by the refresh button', async () => {
    const { page, answer, click } = await open('/system/audit', 'user');
    await answer('/audit', [entry(2)]);
    await click('Details of entry 2');
    await click('Refresh the record');
    await answer('/audit', [entry(3), entry(2)]);
    const places = [...page.querySelectorAll('tr.k-row-link')].map((row) =>
      row.getAttribute('data-key'),
    );
    expect(places).toEqual(['3', '2']);
    expect(page.querySelector('.k-detail'), 'what is open stays open').not.toBeNull();
  });

  it('does not say that nothing matches while there is more to look through', async () => {
    const { page, answer } = await open('/system/audit?type=login_failed', 'user');
    for (let count = 0; count < 20; count++) await answer('/audit', [], 'next');
    expect(page.textContent).toContain('Nothing found yet');
    expect(page.textContent).not.toContain('No entry matches');
  });
});

describe('the page of events', () => {
  it('asks for what the address says', async () => {
    const { answer } = await open(
      '/system/events?type=a&service=api&correlation=request-1&since=hour',
      'user',
    );
    const params = await answer('/events', []);
    expect(params.get('type')).toBe('a');
    expect(params.get('service')).toBe('api');
    expect(params.get('correlation_id')).toBe('request-1');
    expect(Date.now() - Date.parse(params.get('since')!)).toBeLessThan(3_700_000);
  });

  it('shows what is of one request by a click on its id', async () => {
    const { answer, click } = await open('/system/events', 'user');
    await answer('/events', [event('a')]);
    await click('Show only events of request-1');
    expect(TestBed.inject(Router).url).toBe('/system/events?correlation=request-1');
    expect((await answer('/events', [event('a')])).get('correlation_id')).toBe('request-1');
  });

  it('opens an event with its data and the way to its run', async () => {
    const { page, answer, click } = await open('/system/events', 'user');
    await answer('/events', [event('a')]);
    await click('Details of Run finished');
    const detail = page.querySelector('.k-detail')!;
    expect(detail.textContent).toContain('succeeded');
    expect(detail.querySelector('a')?.getAttribute('href')).toBe(`/runs/${RUN}`);
  });

  it('shows an order once, and what came late where it belongs', async () => {
    const { page, answer, click } = await open('/system/events', 'user');
    const order = { order_id: RUN, side: 'buy', quantity: '1', symbol: 'AAPL' };
    await answer('/events', [event('c'), event('a')]);
    await click('Refresh events');
    await answer('/events', [
      event('c'),
      event('b2', { type: 'order_intended', service: 'audit', data: order }),
      event('b1', { type: 'OrderIntended', data: order }),
      event('a'),
    ]);
    const rows = [...page.querySelectorAll('tr.k-row-link')];
    expect(rows.map((row) => row.getAttribute('data-key'))).toEqual(['c', 'b1', 'a']);
  });

  it('lets Back take back a filter', async () => {
    const { answer, click } = await open('/system/events', 'user');
    await answer('/events', [event('a')]);
    await click('Last hour');
    await answer('/events', [event('a')]);
    expect(TestBed.inject(Router).url).toBe('/system/events?since=hour');
    TestBed.inject(Router).initialNavigation();
    TestBed.inject(Location).back();
    expect((await answer('/events', [event('a')])).has('since')).toBe(false);
    expect(TestBed.inject(Router).url).toBe('/system/events');
  });

  it('passes pages that are empty although more follow', async () => {
    const { page, answer } = await open('/system/events?type=rare', 'user');
    await answer('/events', [], 'next');
    const params = await answer('/events', [event('a')]);
    expect(params.get('cursor')).toBe('next');
    expect(page.querySelectorAll('tbody tr')).toHaveLength(1);
  });

  it('names the id on show, and takes no id that was cut off', async () => {
    const { page, answer, settle, type } = await open('/system/events', 'user');
    await answer('/events', [event('a', { correlation_id: '0123456789abcdefghij' })]);
    const link = page.querySelector('.by-id')!;
    expect(link.getAttribute('aria-label')).toContain(link.textContent.trim());
    for (const cut of ['…abcdefghij', '0123...']) {
      await type(cut);
      await vi.waitFor(async () => {
        await settle();
        expect(page.querySelector('[aria-invalid=true]')).not.toBeNull();
      });
      expect(page.querySelector('[role=alert]')?.textContent).toContain('Use the whole id');
      expect(TestBed.inject(Router).url).toBe('/system/events');
      expect(page.querySelectorAll('tbody tr')).toHaveLength(1);
    }
  });

  it('does not ask for an id that cannot be one', async () => {
    const { page, answer, settle, type } = await open('/system/events?correlation=a%20b', 'user');
    expect((await answer('/events', [])).has('correlation_id')).toBe(false);
    await type('two words');
    await vi.waitFor(async () => {
      await settle();
      expect(page.querySelector('[role=alert]')?.textContent).toContain('no spaces');
    });
    expect(TestBed.inject(Router).url).toBe('/system/events?correlation=a%20b');
  });

  it('filters by an id as one types, and says of the end of one what is missing', async () => {
    const { page, answer, settle, type, click } = await open('/system/events', 'user');
    await answer('/events', [event('a')]);
    await type('request-1');
    expect((await answer('/events', [event('a')])).get('correlation_id')).toBe('request-1');
    expect(page.querySelector('[role=alert]')).toBeNull();
    await type('86714a1');
    expect((await answer('/events', [])).get('correlation_id')).toBe('86714a1');
    await settle();
    expect(page.querySelector('[role=alert]')?.textContent).toContain('Use the whole id');
    await click('Clear filters');
    await answer('/events', [event('a')]);
    expect(page.querySelector('[role=alert]')).toBeNull();
    expect(page.querySelector<HTMLInputElement>('input[type=search]')!.value).toBe('');
  });

  it('says the chosen type in words alone', async () => {
    const { page, answer } = await open('/system/events?type=order_intended', 'user');
    await answer('/events', [event('a')]);
    const box = page.querySelector('.type-filter mat-select');
    expect(box?.textContent.trim()).toBe('Order placed, on record');
  });

  it('keeps its rows when a refresh fails', async () => {
    const { page, answer, click } = await open('/system/events', 'user');
    await answer('/events', [event('b'), event('a')]);
    await click('Refresh events');
    refuse(await asked('GET', '/events'), 'The server is being looked after.');
    await vi.waitFor(() => expect(page.querySelector('k-error-state')).not.toBeNull());
    expect(page.querySelectorAll('tr.k-row-link')).toHaveLength(2);
  });
});
