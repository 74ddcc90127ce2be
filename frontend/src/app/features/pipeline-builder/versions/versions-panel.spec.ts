import { signal } from '@angular/core';
import { DeferBlockBehavior, TestBed } from '@angular/core/testing';
import { EditorActions } from '../state/editor-actions';
import { EditorApi } from '../state/editor-api';
import { EditorUi } from '../state/editor-ui';
import { PipelineDocument } from '../state/pipeline-document';
import { VersionsPanel } from './versions-panel';

const PAGE = 3;

describe('the versions of the open pipeline', () => {
  const facts = signal({ id: 'a', version: 6 });

  /** Versions from the newest down, three a page. */
  const versions = (_id: string, cursor: string | null) => {
    const newest = Number(cursor ?? facts().version);
    const numbers = Array.from({ length: PAGE }, (_, i) => newest - i).filter((n) => n > 0);
    const items = numbers.map((version) => ({ version, created_at: '', node_count: 1 }));
    return Promise.resolve({ items, next_cursor: newest > PAGE ? String(newest - PAGE) : null });
  };

  const open = async () => {
    facts.set({ id: 'a', version: 6 });
    TestBed.configureTestingModule({
      deferBlockBehavior: DeferBlockBehavior.Manual,
      providers: [
        EditorUi,
        { provide: EditorActions, useValue: {} },
        { provide: EditorApi, useValue: { versions } },
        { provide: PipelineDocument, useValue: { facts } },
      ],
    });
    const fixture = TestBed.createComponent(VersionsPanel);
    await fixture.whenStable();
    const page = fixture.nativeElement as HTMLElement;
    const shown = () =>
      [...page.querySelectorAll('li b')].map((b) => Number(b.textContent.slice(8)));
    const more = async () => {
      page.querySelector<HTMLButtonElement>('k-load-more button')!.click();
      await fixture.whenStable();
    };
    const now = async (next: { id: string; version: number }) => {
      facts.set(next);
      await fixture.whenStable();
    };
    return { shown, more, now };
  };

  it('keep what was loaded when another is saved', async () => {
    const panel = await open();
    await panel.more();
    expect(panel.shown()).toEqual([6, 5, 4, 3, 2, 1]);
    await panel.now({ id: 'a', version: 7 });
    expect(panel.shown()).toEqual([7, 6, 5, 4, 3, 2, 1]);
  });

  it('are those of another pipeline once that is open', async () => {
    const panel = await open();
    await panel.more();
    await panel.now({ id: 'b', version: 2 });
    expect(panel.shown()).toEqual([2, 1]);
  });
});
