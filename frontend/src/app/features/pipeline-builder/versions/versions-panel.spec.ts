import { signal } from '@angular/core';
import { DeferBlockBehavior, TestBed } from '@angular/core/testing';
import { EMPTY_GRAPH } from '../domain/graph';
import { type Command } from '../domain/history';
import { Publishing } from '../publish/publishing';
import { EditorActions } from '../state/editor-actions';
import { EditorApi } from '../state/editor-api';
import { EditorStore } from '../state/editor-store';
import { EditorUi } from '../state/editor-ui';
import { PipelineDocument } from '../state/pipeline-document';
import { Publication } from '../state/publication';
import { VersionsPanel } from './versions-panel';

const PAGE = 3;

describe('the versions of the open pipeline', () => {
  const facts = signal({ id: 'a', version: 6 });

  /** Versions from the newest down, three a page. */
  const versions = (_id: string, cursor: string | null) => {
    const newest = Number(cursor ?? facts().version);
    const numbers = Array.from({ length: PAGE }, (_, i) => newest - i).filter((n) => n > 0);
    const items = numbers.map((version) => ({
      version,
      name: `Name ${version}`,
      note: null,
      created_at: '',
      published: true,
      node_count: 1,
    }));
    return Promise.resolve({ items, next_cursor: newest > PAGE ? String(newest - PAGE) : null });
  };

  const graph = signal(EMPTY_GRAPH);
  const stored = { kind: 'periodic', every_minutes: 60, symbols: ['AAPL'] };
  const version = () => Promise.resolve({ graph: { nodes: [], edges: [] }, trigger: stored });
  const publication = {
    differs: signal(false),
    graph,
    graphChanges: () => ['Report added'],
    startChanges: () => [],
    failure: () => undefined,
  };
  const done: Command[] = [];

  const open = async () => {
    publication.differs.set(false);
    done.length = 0;
    facts.set({ id: 'a', version: 6 });
    TestBed.configureTestingModule({
      deferBlockBehavior: DeferBlockBehavior.Manual,
      providers: [
        EditorUi,
        {
          provide: EditorActions,
          useValue: { do: (command: Command) => done.push(command) },
        },
        { provide: EditorApi, useValue: { versions, version } },
        { provide: EditorStore, useValue: { graph } },
        { provide: PipelineDocument, useValue: { facts } },
        { provide: Publication, useValue: publication },
        { provide: Publishing, useValue: {} },
      ],
    });
    const fixture = TestBed.createComponent(VersionsPanel);
    await fixture.whenStable();
    const page = fixture.nativeElement as HTMLElement;
    const shown = () =>
      [...page.querySelectorAll('li b')].map((b) => Number(b.textContent.slice(8)));
    const text = () => page.textContent.replaceAll(/\s+/g, ' ');
    const restore = async (name: string) => {
      page.querySelector<HTMLButtonElement>(`[aria-label="${name}"]`)!.click();
      await fixture.whenStable();
    };
    const settle = () => fixture.whenStable();
    const more = async () => {
      page.querySelector<HTMLButtonElement>('k-load-more button')!.click();
      await fixture.whenStable();
    };
    const now = async (next: { id: string; version: number }) => {
      facts.set(next);
      await fixture.whenStable();
    };
    return { shown, more, now, text, restore, settle };
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

  it('say which is published, and have the draft on top while it differs', async () => {
    const panel = await open();
    expect(panel.text()).toContain('Version 6task_altPublished');
    expect(panel.text()).not.toMatch(/Draft|Version 5task_alt/);
    publication.differs.set(true);
    await panel.settle();
    expect(panel.text()).toMatch(/DraftNot published yet.*Report added.*Version 6.*Name 6/);
  });

  it('go back to the draft with how they start, in one step', async () => {
    const panel = await open();
    await panel.restore('Restore to draft version 5');
    expect(done).toHaveLength(1);
    expect(done[0]).toMatchObject({
      label: 'Restore version 5',
      start: { kind: 'periodic', every_minutes: 60 },
    });
  });
});
