import { TestBed } from '@angular/core/testing';
import { asked, nothingAsked, provideFakeApi, queryOf } from '@core/http/testing';
import { PipelineNames } from './pipeline-names';

describe('the names of pipelines', () => {
  let names: PipelineNames;
  const answer = async (items: object[], next_cursor: string | null = null) => {
    const call = await asked('GET', '/pipelines');
    call.flush({ items, next_cursor });
    return queryOf(call);
  };

  beforeEach(() => {
    TestBed.configureTestingModule({ providers: [provideFakeApi(), PipelineNames] });
    names = TestBed.inject(PipelineNames);
  });

  it('are looked for page by page, then among the archived, and only once', async () => {
    const found = names.find(['a', 'b', 'c']);
    await answer([{ id: 'a', name: 'One' }], 'next');
    expect((await answer([{ id: 'b', name: 'Two' }])).get('cursor')).toBe('next');
    expect((await answer([])).get('status')).toBe('archived');
    await found;
    expect(['a', 'b', 'c'].map((id) => names.nameOf(id))).toEqual(['One', 'Two', undefined]);
    await names.find(['a', 'c']);
    nothingAsked();
  });

  it('are not read further than what is wanted', async () => {
    const found = names.find(['a']);
    await answer([{ id: 'a', name: 'One' }], 'next');
    await found;
    nothingAsked();
  });

  it('are looked for again after they could not be read', async () => {
    const found = names.find(['a']);
    (await asked('GET', '/pipelines')).flush({}, { status: 503, statusText: 'Away' });
    await found;
    const again = names.find(['a']);
    await answer([{ id: 'a', name: 'One' }]);
    await again;
    expect(names.nameOf('a')).toBe('One');
  });
});
