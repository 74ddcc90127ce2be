const LETTERS = 'abcdefghijkmnpqrstuvwxyz23456789';
const LENGTH = 6;

/** A new id that still tells what it is for: "strategy_k3f9ab". */
export function mintId(prefix: string): string {
  const bytes = crypto.getRandomValues(new Uint8Array(LENGTH));
  return `${prefix}_${Array.from(bytes, (byte) => LETTERS[byte % LETTERS.length]).join('')}`;
}
