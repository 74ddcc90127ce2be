import type { ScannerOut, ScannerUse } from '@core/api';

/** Who uses a scanner, in few words: whatever is published with it first. */
export function usersInShort({ used_by = [] }: ScannerOut): string {
  const [first, ...others] = [...used_by.filter(isPublished), ...used_by.filter(isDraftOnly)];
  if (!first) return 'No pipeline';
  const name = isDraftOnly(first) ? `${first.name} (draft)` : first.name;
  return others.length ? `${name} and ${others.length} more` : name;
}

/** What deleting a scanner does, in sentences. */
export function deletionWords({ used_by = [] }: ScannerOut): string {
  if (!used_by.length) return 'No pipeline uses it. This cannot be undone.';
  const [published, drafts] = [used_by.filter(isPublished), used_by.filter(isDraftOnly)];
  const sentences = [
    published.length && `${names(published)} will have no scanner any more and start on no signal.`,
    drafts.length &&
      `${published.length ? 'In drafts, named' : 'Named in drafts only'} by ${names(drafts)}: choose another one there before publishing.`,
    'This cannot be undone.',
  ];
  return sentences.filter(Boolean).join(' ');
}

/** Whether only what is being made of a pipeline names the scanner: it starts nothing. */
export function isDraftOnly(use: ScannerUse): boolean {
  return !use.published;
}

function isPublished(use: ScannerUse): boolean {
  return use.published;
}

function names(uses: readonly ScannerUse[]): string {
  return uses.map(({ name }) => name).join(', ');
}
