/** The browser may begin to read a large file after the click. */
const READ_WITHIN_MS = 60_000;

/** Hands what a file holds, or JSON as text, to the browser to save. */
export function download(fileName: string, content: Blob | string): void {
  const file =
    typeof content === 'string' ? new Blob([content], { type: 'application/json' }) : content;
  const url = URL.createObjectURL(file);
  const link = document.createElement('a');
  link.href = url;
  link.download = fileName;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), READ_WITHIN_MS);
}
