import { HttpEventType } from '@angular/common/http';
import { TestBed } from '@angular/core/testing';
import { asked, provideFakeApi, settled } from '@core/http/testing';
import { RecordExport } from './record-export';

const LINES = '{"chain_position":1}\n';

describe('exporting the record', () => {
  let saved: { name: string; file: Blob }[];
  let files: Blob[];

  async function show() {
    TestBed.configureTestingModule({ providers: [provideFakeApi()] });
    const fixture = TestBed.createComponent(RecordExport);
    await settled(fixture);
    const page = fixture.nativeElement as HTMLElement;
    const button = (name: string) =>
      [...page.querySelectorAll('button')].find((it) => it.textContent.trim() === name);
    const said = () => page.querySelector('[role=status]')?.textContent;
    return { page, button, said, settle: () => settled(fixture) };
  }

  beforeEach(() => {
    [saved, files] = [[], []];
    URL.createObjectURL = (file: Blob) => `blob:${files.push(file)}`;
    URL.revokeObjectURL = () => undefined;
    vi.spyOn(HTMLAnchorElement.prototype, 'click').mockImplementation(function (
      this: HTMLAnchorElement,
    ) {
      saved.push({ name: this.download, file: files.at(-1)! });
    });
  });

  afterEach(() => vi.restoreAllMocks());

  it('saves what the server gives under the name of the day, and says how far it is', async () => {
    const { page, button, said, settle } = await show();
    button('Export')!.click();
    await settle();
    expect(button('Exporting')?.getAttribute('aria-disabled')).toBe('true');
    const call = await asked('GET', '/api/v1/audit/export');
    call.event({ type: HttpEventType.DownloadProgress, loaded: 12_300_000 });
    await settle();
    expect(said()).toBe('12 MB so far');
    call.flush(new Blob([LINES]));
    await vi.waitFor(() => expect(saved).toHaveLength(1));
    await settle();
    expect(saved[0]!.name).toMatch(/^kuber-record-20\d\d-\d\d-\d\d\.jsonl$/);
    expect(saved[0]!.file.size).toBe(LINES.length);
    expect(said()).toBe(`Saved as ${saved[0]!.name}, 21 bytes.`);
    expect(page.querySelector('code')?.textContent).toBe(
      `python3 docs/examples/verify_audit.py ${saved[0]!.name}`,
    );
    expect(button('Export')).toBeDefined();
  });

  it('says why it could not, and tries again', async () => {
    const { page, button, settle } = await show();
    button('Export')!.click();
    (await asked('GET', '/audit/export')).flush(new Blob(), { status: 500, statusText: 'No' });
    await vi.waitFor(async () => {
      await settle();
      expect(page.querySelector('k-error-state')?.textContent).toContain('answered 500');
    });
    expect(saved).toEqual([]);
    button('Retry')!.click();
    (await asked('GET', '/audit/export')).flush(new Blob([LINES]));
    await vi.waitFor(() => expect(saved).toHaveLength(1));
    await settle();
    expect(page.querySelector('k-error-state')).toBeNull();
  });
});
