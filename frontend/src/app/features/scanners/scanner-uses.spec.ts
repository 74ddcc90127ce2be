import type { ScannerOut, ScannerUse } from '@core/api';
import { deletionWords, usersInShort } from './scanner-uses';

const use = (name: string, published = true): ScannerUse => ({
  pipeline_id: name,
  name,
  status: 'active',
  published,
});
const scanner = (...used_by: ScannerUse[]) => ({ used_by }) as Partial<ScannerOut> as ScannerOut;

describe('uses of a scanner', () => {
  it('names what is published with it before drafts', () => {
    expect(usersInShort(scanner())).toBe('No pipeline');
    expect(usersInShort(scanner(use('A', false)))).toBe('A (draft)');
    expect(usersInShort(scanner(use('A', false), use('B')))).toBe('B and 1 more');
  });

  it('says of drafts apart that nothing started by it', () => {
    expect(deletionWords(scanner())).toMatch(/^No pipeline uses it/);
    expect(deletionWords(scanner(use('A', false)))).toBe(
      'Named in drafts only by A: choose another one there before publishing. This cannot be undone.',
    );
    expect(deletionWords(scanner(use('A', false), use('B')))).toBe(
      'B will have no scanner any more and start on no signal. ' +
        'In drafts, named by A: choose another one there before publishing. This cannot be undone.',
    );
  });
});
