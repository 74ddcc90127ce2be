import { TestBed } from '@angular/core/testing';
import { HeldDrafts } from '@core/page/held-drafts';
import { SAVE_DELAY_MS } from './autosave';
import { type Draft } from './content';
import { anotherEditor, editOver, FakeApi, problem, settled } from './testing';

describe('a pipeline that was deleted elsewhere', () => {
  let api: FakeApi;
  let editor: ReturnType<typeof anotherEditor>;

  beforeEach(async () => {
    vi.useFakeTimers();
    sessionStorage.clear();
    api = new FakeApi();
    editOver(api);
    editor = anotherEditor();
    await editor.open('p');
  });
  afterEach(() => vi.useRealTimers());

  const pause = (ms = SAVE_DELAY_MS) => vi.advanceTimersByTimeAsync(ms);
  const draft = () => TestBed.inject(HeldDrafts).read<Draft>('p');

  it('is told from a refusal, waits for the person, and is not tried again', async () => {
    api.deleted = true;
    editor.rename('Mine');
    await pause();
    expect(editor.autosave.state()).toBe('deleted');
    expect(editor.autosave.waits()).toBe(true);
    const load = vi.spyOn(api, 'load');
    editor.rename('Mine too');
    await pause(60_000);
    expect(await editor.autosave.flush()).toBe(false);
    expect(load).not.toHaveBeenCalled();
    expect(editor.autosave.unsaved()).toContain('deleted elsewhere');
  });

  it('is told when the server can be reached again', async () => {
    api.failure = problem(0, 'unreachable');
    editor.rename('Mine');
    await pause();
    [api.failure, api.deleted] = [null, true];
    await pause(10_000);
    expect(editor.autosave.state()).toBe('deleted');
  });

  it('is told when something else of it is not found', async () => {
    expect(await editor.autosave.noticeDeleted(problem(404, 'not_found'))).toBe(false);
    expect(editor.autosave.state()).toBe('saved');
    api.deleted = true;
    expect(await editor.autosave.noticeDeleted(problem(404, 'not_found'))).toBe(true);
    expect(editor.autosave.state()).toBe('deleted');
    expect(await editor.autosave.flush()).toBe(false);
  });

  it('is not taken for deleted because of something that a change names', async () => {
    api.failure = problem(404, 'not_found');
    editor.rename('Mine');
    await pause();
    expect(editor.autosave.state()).toBe('refused');
  });

  it('is told when a conflict with it is settled', async () => {
    api.revision = 5;
    editor.rename('Mine');
    await pause();
    api.deleted = true;
    await editor.autosave.keep('mine');
    expect(editor.autosave.state()).toBe('deleted');
  });

  it('is dropped when it is left', async () => {
    api.deleted = true;
    editor.rename('Mine');
    await pause();
    editor.leave();
    await pause(60_000);
    expect(draft()).toBeNull();
  });

  it('is shown from what was held when it is opened again', async () => {
    api.failure = problem(503, 'unavailable');
    editor.rename('Mine');
    await pause();
    editor.leave();
    [api.failure, api.deleted] = [null, true];
    const next = anotherEditor();
    expect(await settled(next.open('p'))).toBe(true);
    expect([next.document.name(), next.document.error()]).toEqual(['Mine', null]);
    expect(next.autosave.state()).toBe('deleted');
  });

  it('waits no more once it is stored as another', async () => {
    api.deleted = true;
    editor.rename('Mine');
    await pause();
    editor.autosave.forget();
    expect(editor.autosave.waits()).toBe(false);
    expect(draft()).toBeNull();
  });
});
