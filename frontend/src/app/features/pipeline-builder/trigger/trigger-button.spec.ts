import { signal } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import { readTrigger, type Start } from '../domain/trigger';
import { EditorStore } from '../state/editor-store';
import { EditorUi } from '../state/editor-ui';
import { PipelineDocument } from '../state/pipeline-document';
import { TriggerButton } from './trigger-button';

const HOURLY = readTrigger({ kind: 'periodic', every_minutes: 60, symbols: ['AAPL'] });

describe('how a pipeline starts, at a glance', () => {
  async function shown(status: string, publishedTrigger: Start | null, trigger: Start) {
    TestBed.resetTestingModule();
    TestBed.configureTestingModule({
      providers: [
        EditorStore,
        EditorUi,
        {
          provide: PipelineDocument,
          useValue: { facts: signal({ status, publishedTrigger }), trigger: signal(trigger) },
        },
      ],
    });
    const fixture = TestBed.createComponent(TriggerButton);
    await fixture.whenStable();
    return (fixture.nativeElement as HTMLElement).textContent.trim();
  }

  it('is what is published while it is active, with the draft beside it', async () => {
    expect(await shown('active', HOURLY, { kind: 'manual' })).toMatch(
      /Every hour.*active.*Draft: By hand/,
    );
    expect(await shown('active', HOURLY, HOURLY)).not.toContain('Draft');
  });

  it('is the draft while it is off', async () => {
    expect(await shown('draft', HOURLY, { kind: 'manual' })).toMatch(/By hand$/);
  });
});
