import { formatSize } from '@shared/format/numbers';
import { MOST_BYTES, refusalOf } from './local-file';

const fileOf = (size: number) => ({ name: 'a.csv', size, open: () => Promise.resolve(new Blob()) });

it('refuses an empty file and one over 2 GB before they are sent', () => {
  expect(refusalOf(fileOf(0))?.title).toBe('The file is empty');
  expect(refusalOf(fileOf(MOST_BYTES + 1))?.detail).toContain('2 GB may be sent');
  expect(refusalOf(fileOf(MOST_BYTES))).toBeNull();
});

it('says sizes in few digits', () => {
  expect([1, 812, 1_500, 34_058_913, 999_999, 2_000_000_000].map(formatSize)).toEqual([
    '1 byte',
    '812 bytes',
    '1.5 KB',
    '34 MB',
    '1.0 MB',
    '2.0 GB',
  ]);
});
