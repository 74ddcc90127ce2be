import { signal } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import { By } from '@angular/platform-browser';
import { MatTooltip } from '@angular/material/tooltip';
import { EditorUi } from '../state/editor-ui';
import { PipelineDocument } from '../state/pipeline-document';
import { ProblemList } from '../state/problem-list';
import { Publication } from '../state/publication';
import { Publisher } from '../state/publisher';
import { PublishControls } from './publish-controls';
import { Publishing } from './publishing';

describe('what the header says of publishing', () => {
  const version = signal(0);
  const count = signal<number | null>(null);

  async function shown() {
    TestBed.configureTestingModule({
      providers: [
        EditorUi,
        { provide: PipelineDocument, useValue: { facts: () => ({}) } },
        { provide: ProblemList, useValue: { count: () => 0 } },
        {
          provide: Publication,
          useValue: { version, count, differs: () => count() !== 0 },
        },
        { provide: Publisher, useValue: { busy: () => false } },
        { provide: Publishing, useValue: {} },
      ],
    });
    const fixture = TestBed.createComponent(PublishControls);
    await fixture.whenStable();
    const page = fixture.nativeElement as HTMLElement;
    const off = page.querySelector('.publish')?.getAttribute('aria-disabled') === 'true';
    const tip = fixture.debugElement.query(By.css('.k-filter')).injector.get(MatTooltip).message;
    const text = page
      .querySelector('.k-filter')!
      .textContent.replace(/^\s*[a-z_]+/, '')
      .trim();
    return [text, off ? 'off' : 'on', tip];
  }

  it('is that it was never published', async () => {
    version.set(0);
    count.set(null);
    expect(await shown()).toEqual(['Never published', 'on', 'Only Run in the editor runs it']);
  });

  it('is what is published, and then there is nothing to publish', async () => {
    version.set(3);
    count.set(0);
    expect(await shown()).toEqual(['Published v3', 'off', 'Version 3 is what you see']);
  });

  it('is how many changes the draft has, once that is known', async () => {
    version.set(3);
    count.set(2);
    const tip = 'Version 3 runs until you publish this draft';
    expect(await shown()).toEqual(['Draft: 2 changes', 'on', tip]);
    TestBed.resetTestingModule();
    count.set(null);
    expect(await shown()).toEqual(['Draft', 'on', tip]);
  });
});
