import { BlobWriter, configure, TextReader, ZipWriter } from '@zip.js/zip.js';
import { isZip, unpack } from './unpack';

const zipOf = async (members: Record<string, string>, password?: string): Promise<File> => {
  configure({ useWebWorkers: false });
  const writer = new ZipWriter(new BlobWriter('application/zip'), password ? { password } : {});
  for (const [name, text] of Object.entries(members)) {
    await (name.endsWith('/')
      ? writer.add(name, undefined, { directory: true })
      : writer.add(name, new TextReader(text)));
  }
  return new File([await writer.close()], 'prices.zip');
};
const refusal = (zip: File) =>
  unpack(zip).then(
    () => 'not refused',
    (error: unknown) => (error as { detail: string }).detail,
  );

describe('a zip', () => {
  it('gives its files, by their own names and sizes, read when they are opened', async () => {
    const zip = await zipOf({ 'bars/': '', 'bars/AAPL.csv': 'a,b\n1,2\n', 'MSFT.csv': 'x' });
    const files = await unpack(zip);
    expect(files.map(({ name, size }) => [name, size])).toEqual([
      ['AAPL.csv', 8],
      ['MSFT.csv', 1],
    ]);
    const opened = await files[0]!.open();
    expect(opened.size).toBe(8);
  });

  it('leaves out what a computer adds by itself', async () => {
    const zip = await zipOf({ '__MACOSX/._A.csv': '', '.DS_Store': 'x', 'A.csv': 'y' });
    expect((await unpack(zip)).map(({ name }) => name)).toEqual(['A.csv']);
  });

  it('is refused with more than 50 files', async () => {
    const many = Array.from({ length: 51 }, (_, i) => [`${i}.csv`, 'x']);
    expect(await refusal(await zipOf(Object.fromEntries(many)))).toContain('It holds 51 files');
  });

  it('is refused with another zip in it, with a password, and with nothing', async () => {
    expect(await refusal(await zipOf({ 'a.csv': 'x', 'in/b.ZIP': 'x' }))).toContain('in/b.ZIP');
    expect(await refusal(await zipOf({ 'a.csv': 'x' }, 'secret'))).toContain('password');
    expect(await refusal(await zipOf({}))).toContain('no file in it');
  });

  it('is refused when it is none', async () => {
    expect(await refusal(new File(['symbol,date\n'], 'a.zip'))).toContain('no zip at all');
  });
});

it('is known by its ending', () => {
  expect([isZip('a.ZIP'), isZip('a.csv'), isZip('zip.csv')]).toEqual([true, false, false]);
});
