import type { Damage } from '@core/api';

const WORDS: Readonly<Record<Damage, string>> = {
  entry_changed: 'Entry changed',
  link_changed: 'Link changed',
  entry_missing: 'Entry missing',
  position_missing: 'Place missing',
  reordered: 'Moved to another place',
  never_linked: 'Put in by hand',
  cut_or_restored: 'Cut off or restored',
  checkpoint_changed: 'Checkpoint changed',
  row_differs: 'Says something else now',
  row_unrecorded: 'Not on record',
};

/** What is wrong, in words; also of a kind that a newer server finds. */
export function damageInWords(damage: string): string {
  return WORDS[damage as Damage] ?? damage.replaceAll('_', ' ');
}
