export interface Decision {
  /** The decision itself, one short sentence. */
  readonly headline: string;
  /** The reasons given with it; empty when there are none. */
  readonly reasons: string;
}

/** A decision in words, split after its first sentence. */
export function splitDecision(sentence: string): Decision {
  const end = sentence.search(/\. \p{Lu}/u);
  if (end < 0) return { headline: sentence.replace(/\.$/, ''), reasons: '' };
  return { headline: sentence.slice(0, end), reasons: sentence.slice(end + 2) };
}
