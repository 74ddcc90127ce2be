import { type DatasetKind, getInstrument, type SpanOut, type SymbolOut } from '@core/api';
import { unwrap } from '@core/http/unwrap';

/** Which of the kinds of prices those of a source are: whatever is not stored is a provider's. */
export function datasetOf(source: string): DatasetKind {
  return source === 'imported' || source === 'sample' ? source : 'provider';
}

/** The prices of this kind, from when to when; null where there are none. */
export async function spanOf(found: SymbolOut, kind: DatasetKind): Promise<SpanOut | null> {
  const known = [found, ...found.others].find(({ source }) => datasetOf(source) === kind);
  if (known || kind !== 'provider') return known ?? null;
  // What is stored answers at this moment: of the provider the instrument alone knows.
  const { datasets } = await unwrap(getInstrument({ path: { symbol: found.symbol } }));
  return datasets.find(({ source }) => datasetOf(source) === 'provider') ?? null;
}
