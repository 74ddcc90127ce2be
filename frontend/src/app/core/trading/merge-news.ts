interface Item {
  readonly id: string;
}

/**
 * A list with one item brought up to date: replaced where it stands, put first where it is new and
 * belongs, taken out where it no longer does.
 */
export function withItem<T extends Item>(
  items: readonly T[],
  item: T,
  belongs: (item: T) => boolean,
): T[] {
  const at = items.findIndex(({ id }) => id === item.id);
  if (!belongs(item)) return items.filter(({ id }) => id !== item.id);
  if (at < 0) return [item, ...items];
  return items.map((one, index) => (index === at ? item : one));
}
