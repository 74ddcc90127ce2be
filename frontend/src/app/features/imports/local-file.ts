import { ProblemError } from '@core/http/problem-error';
import { formatSize } from '@shared/format/numbers';

/** A file of this computer, opened only when it is its turn. */
export interface LocalFile {
  readonly name: string;
  readonly size: number;
  readonly open: () => Promise<Blob>;
}

/** The server takes no larger one. */
export const MOST_BYTES = 2_000_000_000;

/** A file that was chosen or dropped. */
export function localFile(file: File): LocalFile {
  return { name: file.name, size: file.size, open: () => Promise.resolve(file) };
}

/** Why a file is not sent at all. */
export function notSent(title: string, detail: string): ProblemError {
  return new ProblemError({ title, status: -1, code: 'not_sent', detail });
}

/** Says why a file cannot be sent, or null. */
export function refusalOf({ size }: LocalFile): ProblemError | null {
  if (size === 0) {
    return notSent('The file is empty', 'There is nothing in it. Export it again.');
  }
  if (size > MOST_BYTES) {
    const detail = `It has ${formatSize(size)}, and 2 GB may be sent at once. Split it by year or by symbol, or write it as Parquet.`;
    return notSent('The file is too large', detail);
  }
  return null;
}
