import { TestBed } from '@angular/core/testing';
import { Title } from '@angular/platform-browser';
import { provideRouter } from '@angular/router';
import { PageContext } from '@core/page/page-context';
import { PRICES_AT, SYMBOL_SEARCH } from '@shared/symbol-picker/symbol-search';
import { EditorPage } from './editor-page';
import { EditorApi } from './state/editor-api';
import { FakeApi } from './state/testing';

describe('the page of the editor', () => {
  afterEach(() => vi.unstubAllGlobals());

  it('goes by the name of its pipeline', async () => {
    vi.stubGlobal('matchMedia', () => ({
      matches: false,
      addEventListener: () => undefined,
      removeEventListener: () => undefined,
    }));
    const api = Object.assign(new FakeApi(), { activeRun: () => Promise.resolve(null) });
    TestBed.configureTestingModule({
      providers: [
        provideRouter([]),
        { provide: EditorApi, useValue: api },
        { provide: SYMBOL_SEARCH, useValue: () => Promise.resolve([]) },
        { provide: PRICES_AT, useValue: () => Promise.resolve(null) },
      ],
    });
    TestBed.overrideComponent(EditorPage, { set: { template: '', imports: [] } });
    const fixture = TestBed.createComponent(EditorPage);
    fixture.componentRef.setInput('id', 'p');
    const crumb = () => TestBed.inject(PageContext).crumbs().at(-1)?.label;
    TestBed.tick();
    expect(crumb()).toBe('Pipeline');
    await vi.waitFor(() => expect(crumb()).toBe('First'));
    expect(TestBed.inject(Title).getTitle()).toBe('First · Pipelines · Kuber');
  });
});
