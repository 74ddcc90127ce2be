import { HttpClient, HttpEventType } from '@angular/common/http';
import type { TestRequest } from '@angular/common/http/testing';
import { TestBed } from '@angular/core/testing';
import { asked, nothingAsked, provideFakeApi, refuse } from '@core/http/testing';
import { UPLOAD_CLIENT } from '@core/http/upload-client';
import { ImportDesk } from './import-desk';
import { ImportJob } from './import-job';
import { previewOf } from './testing';

const PREVIEW = '/market/imports/preview';
const IMPORTS = '/market/imports';
const fileOf = (name: string, text = 'a') => new File([text], name);
const turns = async () => {
  for (let turn = 0; turn < 60; turn++) await Promise.resolve();
};

describe('the desk of imports', () => {
  let desk: ImportDesk;

  beforeEach(() => {
    TestBed.configureTestingModule({
      providers: [provideFakeApi(), { provide: UPLOAD_CLIENT, useExisting: HttpClient }],
    });
    desk = TestBed.inject(ImportDesk);
  });

  const jobAt = (at = 0) => desk.jobs()[at]!;
  const phases = () => desk.jobs().map((job) => job.phase());
  const busy = (call: TestRequest, after = '0') =>
    call.flush(
      { title: 'Busy', code: 'too_many_requests', status: 429, detail: 'Others are served.' },
      { status: 429, statusText: 'Too many', headers: { 'Retry-After': after } },
    );

  async function previewed(changes = {}): Promise<void> {
    await desk.add([fileOf('AAPL.csv')]);
    (await asked('POST', PREVIEW)).flush(previewOf(changes));
    await turns();
  }

  it('sends one file after another, and says how far it is', async () => {
    await desk.add([fileOf('a.csv'), fileOf('b.csv')]);
    const first = await asked('POST', PREVIEW);
    expect((first.request.body as FormData).get('file')).toBeInstanceOf(File);
    first.event({ type: HttpEventType.UploadProgress, loaded: 1, total: 4 });
    expect(jobAt().sent()).toBe(0.25);
    expect(phases()).toEqual(['sending', 'waiting']);
    first.flush(previewOf());
    (await asked('POST', PREVIEW)).flush(previewOf({ id: 'import-2', status: 'refused' }));
    await turns();
    expect(phases()).toEqual(['previewed', 'refused']);
  });

  it('takes a file that names no symbol for the one that prices are wanted of', async () => {
    await desk.add([fileOf('prices.csv')], 'MYCO');
    const refused = { status: 'refused', understood: {}, said: {} } as const;
    (await asked('POST', PREVIEW)).flush(previewOf(refused));
    const call = await asked('PUT', `${IMPORTS}/${previewOf().id}`);
    expect(call.request.body).toMatchObject({ symbol: 'MYCO' });
    expect(jobAt().taken()).toBe(true);
    call.flush(previewOf({ said: { ...previewOf().said, symbol: 'MYCO' } }));
    await turns();
    jobAt().type('symbol', 'OTHER');
    expect(jobAt().taken()).toBe(false);
  });

  it('asks whose prices they are where its name tells of another symbol', async () => {
    await desk.add([fileOf('EURUSD_M15.csv')], 'SAP.DE');
    const refused = { status: 'refused', understood: {}, said: {} } as const;
    (await asked('POST', PREVIEW)).flush(previewOf(refused));
    await turns();
    nothingAsked();
    expect([jobAt().asks, jobAt().taken()]).toEqual([true, false]);
    expect(new ImportJob('BTC-USD.csv', 1, null, 'BTCUSD').asks).toBe(false);
    expect(new ImportJob('BTC-USD.csv', 1, null).asks).toBe(false);
    expect(new ImportJob('prices.csv', 1, null, 'SAP.DE').asks).toBe(false);
  });

  it('puts what comes last on top, in the order in which it was chosen', async () => {
    await desk.add([fileOf('a.csv', ''), fileOf('b.csv', '')]);
    await desk.add([fileOf('c.csv', ''), fileOf('d.csv', '')]);
    desk.reopen(previewOf({ filename: 'e.csv' }));
    const names = desk.jobs().map(({ name }) => name);
    expect(names).toEqual(['e.csv', 'c.csv', 'd.csv', 'a.csv', 'b.csv']);
  });

  it('leaves a file that names its symbol as it is', async () => {
    await desk.add([fileOf('AAPL.csv')], 'MYCO');
    (await asked('POST', PREVIEW)).flush(previewOf());
    await turns();
    nothingAsked();
  });

  it('does not send a file that is empty', async () => {
    await desk.add([fileOf('a.csv', '')]);
    await turns();
    nothingAsked();
    expect(jobAt().problem()?.title).toBe('The file is empty');
  });

  it('stops an upload that is taken off the page, and goes on with the next', async () => {
    await desk.add([fileOf('a.csv'), fileOf('b.csv')]);
    const first = await asked('POST', PREVIEW);
    await desk.discard(jobAt());
    expect(first.cancelled).toBe(true);
    (await asked('POST', PREVIEW)).flush(previewOf());
    await turns();
    expect(phases()).toEqual(['previewed']);
  });

  it('sends again by itself what the server was too busy for', async () => {
    await desk.add([fileOf('a.csv')]);
    busy(await asked('POST', PREVIEW));
    await turns();
    expect(jobAt().holdUp()).toContain('Others are served.');
    (await asked('POST', PREVIEW)).flush(previewOf());
    await turns();
    expect([jobAt().holdUp(), jobAt().phase()]).toEqual([null, 'previewed']);
  });

  it('says why a file did not arrive, and sends it again when it is asked to', async () => {
    await desk.add([fileOf('a.csv')]);
    refuse(await asked('POST', PREVIEW), 'The body is too large.');
    await turns();
    expect([phases(), jobAt().problem()?.detail]).toEqual([['unsent'], 'The body is too large.']);
    desk.send(jobAt());
    (await asked('POST', PREVIEW)).flush(previewOf());
    await turns();
    expect([phases(), jobAt().problem()]).toEqual([['previewed'], null]);
  });

  it('previews again with what is said beside the file', async () => {
    await previewed();
    const said = { ...previewOf().said, symbol: 'MSFT' };
    jobAt().type('symbol', 'MSFT');
    void desk.correct(jobAt());
    const call = await asked('PUT', `${IMPORTS}/import-1`);
    expect([call.request.body, jobAt().busy()]).toEqual([said, true]);
    call.flush(previewOf({ said, symbols: ['MSFT'] }));
    await turns();
    expect([jobAt().view()?.symbols, jobAt().busy()]).toEqual([['MSFT'], false]);
  });

  it('keeps the preview when a correction is refused', async () => {
    await previewed();
    jobAt().type('timezone', 'Mars');
    void desk.correct(jobAt());
    const faults = [{ field: 'timezone', message: "There is no time zone 'Mars'." }];
    refuse(await asked('PUT', `${IMPORTS}/import-1`), 'No.', faults);
    await turns();
    expect(jobAt().fault()?.forField('timezone')).toContain('Mars');
    expect([jobAt().phase(), jobAt().busy()]).toEqual(['previewed', false]);
    expect(desk.ready()).toEqual([]);
    void desk.start(jobAt());
    await turns();
    nothingAsked();
    jobAt().type('timezone', null);
    expect(desk.ready()).toHaveLength(1);
  });

  it('previews all that is typed before it imports, with Import all too', async () => {
    await previewed();
    jobAt().type('timezone', ' Europe/Berlin ');
    jobAt().type('symbol', '');
    desk.startAll();
    const call = await asked('PUT', `${IMPORTS}/import-1`);
    const said = { ...previewOf().said, timezone: 'Europe/Berlin', symbol: null };
    expect(call.request.body).toEqual(said);
    call.flush(previewOf({ said }));
    await asked('POST', IMPORTS);
    nothingAsked();
    expect(jobAt().changed()).toBe(false);
  });

  it.each([
    ['is refused', null],
    ['refuses the file', previewOf({ status: 'refused' })],
    ['is still being checked', previewOf({ status: 'checking', checked: false })],
  ])('imports nothing when the preview of what is typed %s', async (_, view) => {
    await previewed();
    jobAt().type('timezone', 'Berlin');
    void desk.start(jobAt());
    const call = await asked('PUT', `${IMPORTS}/import-1`);
    if (view) call.flush(view);
    else refuse(call, 'No.', [{ field: 'timezone', message: 'There is none.' }]);
    await turns();
    nothingAsked();
    expect(jobAt().busy()).toBe(false);
  });

  it('does not import what a new warning speaks against before it was seen', async () => {
    const notes = [{ code: 'outside_hours', message: 'Look.' }];
    await previewed();
    jobAt().type('timezone', 'Asia/Tokyo');
    void desk.start(jobAt());
    (await asked('PUT', `${IMPORTS}/import-1`)).flush(previewOf({ notes }));
    await turns();
    nothingAsked();
    void desk.start(jobAt());
    await asked('POST', IMPORTS);
  });

  it('asks again for what was typed where the server was away', async () => {
    await previewed();
    jobAt().type('timezone', 'UTC');
    void desk.start(jobAt());
    (await asked('PUT', `${IMPORTS}/import-1`)).error(new ProgressEvent('error'));
    await turns();
    nothingAsked();
    void desk.start(jobAt());
    (await asked('PUT', `${IMPORTS}/import-1`)).flush(previewOf());
    await asked('POST', IMPORTS);
  });

  it('imports what was previewed by its id and hash, and only that', async () => {
    await previewed({ status: 'checking', checked: false });
    await desk.start(jobAt());
    nothingAsked();
    jobAt().view.set(previewOf());
    void desk.start(jobAt());
    const body = (await asked('POST', IMPORTS)).request.body as FormData;
    expect([body.get('preview_id'), body.get('sha256')]).toEqual(['import-1', previewOf().sha256]);
  });

  it('shows what became of an import', async () => {
    const told: string[] = [];
    desk.changed.subscribe(({ status }) => told.push(status));
    await previewed();
    desk.startAll();
    (await asked('POST', IMPORTS)).flush({ id: 'import-1', status: 'queued' });
    (await asked('GET', `${IMPORTS}/import-1`)).flush(previewOf({ status: 'queued', progress: 0 }));
    await turns();
    void desk.refresh();
    (await asked('GET', `${IMPORTS}/import-1`)).flush(previewOf({ status: 'done' }));
    await turns();
    expect(told).toEqual(['previewed', 'queued', 'done']);
    void desk.refresh();
    await turns();
    nothingAsked();
  });

  it('keeps a file that could not be imported for another try', async () => {
    await previewed();
    void desk.start(jobAt());
    refuse(await asked('POST', IMPORTS), 'You store too much. Delete imported bars.');
    await turns();
    expect([jobAt().phase(), jobAt().problem()?.detail]).toEqual([
      'previewed',
      'You store too much. Delete imported bars.',
    ]);
    expect(desk.ready()).toHaveLength(1);
  });

  it('throws a preview away at the server, and leaves what is imported', async () => {
    await previewed();
    void desk.discard(jobAt());
    (await asked('DELETE', `${IMPORTS}/import-1`)).flush(null);
    (await asked('GET', `${IMPORTS}/import-1`)).flush(previewOf({ status: 'undone' }));
    await turns();
    expect(desk.jobs()).toEqual([]);
    desk.reopen(previewOf({ status: 'done' }));
    await desk.discard(jobAt());
    nothingAsked();
    expect(desk.jobs()).toEqual([]);
  });

  it('opens a preview that was left behind once', () => {
    const job = desk.reopen(previewOf());
    expect(desk.reopen(previewOf())).toBe(job);
    expect(job.name).toBe('AAPL.csv');
  });
});
