import type { FileEntry } from '@zip.js/zip.js';
import { type LocalFile, notSent } from './local-file';

const MOST_MEMBERS = 50;
const HIDDEN = /(^|\/)(\.|__MACOSX\/)/;

export function isZip(name: string): boolean {
  return /\.zip$/i.test(name);
}

/** The files in a zip, none of them read yet; throws ProblemError when it is not to be unpacked. */
export async function unpack(zip: File): Promise<readonly LocalFile[]> {
  const members = (await membersOf(zip)).filter(({ filename }) => !HIDDEN.test(filename));
  const refused = (detail: string) => notSent('The zip cannot be imported', detail);
  if (!members.length)
    throw refused('There is no file in it. Choose one with CSV or Parquet files.');
  if (members.length > MOST_MEMBERS) {
    throw refused(
      `It holds ${members.length} files, and ${MOST_MEMBERS} may be in one. Unpack it, and drop them in parts.`,
    );
  }
  const nested = members.find(({ filename }) => isZip(filename));
  if (nested) {
    throw refused(
      `There is another zip in it, ${nested.filename}. Unpack it, and drop what is inside.`,
    );
  }
  if (members.some(({ encrypted }) => encrypted)) {
    throw refused('It is locked with a password. Unpack it, and drop the files.');
  }
  return members.map(localMember);
}

async function membersOf(zip: File): Promise<FileEntry[]> {
  const { BlobReader, ZipReader, configure } =
    await import('@zip.js/zip.js/lib/zip-core-native.js');
  configure({ useWebWorkers: false });
  try {
    const entries = await new ZipReader(new BlobReader(zip)).getEntries();
    return entries.filter((entry) => !entry.directory);
  } catch {
    throw notSent('The zip cannot be read', 'It is damaged, or no zip at all. Download it again.');
  }
}

function localMember(member: FileEntry): LocalFile {
  const name = member.filename.split(/[\\/]/).at(-1) ?? member.filename;
  return { name, size: member.uncompressedSize, open: () => inflate(member) };
}

/** A member that is longer than the zip says is given up where it passes that length. */
async function inflate(member: FileEntry): Promise<Blob> {
  const parts: BlobPart[] = [];
  let left = member.uncompressedSize;
  const taken = new WritableStream<Uint8Array<ArrayBuffer>>({
    write(part) {
      left -= part.length;
      if (left < 0) throw new Error('longer than it says');
      parts.push(part);
    },
  });
  try {
    await member.getData(taken);
  } catch {
    throw notSent('The file cannot be unpacked', 'The zip is damaged here. Download it again.');
  }
  return new Blob(parts);
}
