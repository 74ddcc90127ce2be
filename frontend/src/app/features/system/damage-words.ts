import type { Damage } from '@core/api';

const SENTENCES: Readonly<Record<Damage, string>> = {
  entry_changed: 'This entry was changed after it went on record.',
  link_changed: 'This entry does not follow on the one before it.',
  entry_missing: 'The entry at this place is gone.',
  position_missing: 'Places of the chain are missing.',
  reordered: 'Entries were put in another order.',
  never_linked: 'An entry was put in by hand, outside the chain.',
  cut_or_restored: 'The end of the record was cut off, or an older state was restored.',
  checkpoint_changed: 'A signed checkpoint does not match the record.',
  row_differs: 'What this entry speaks of says something else now.',
  row_unrecorded: 'Something happened that is not on record.',
};

/** What is wrong, as a sentence; also of a kind that a newer server finds. */
export function damageInWords(damage: string): string {
  return SENTENCES[damage as Damage] ?? `Something else is wrong: ${damage.replaceAll('_', ' ')}.`;
}
