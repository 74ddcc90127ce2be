import { computed, resource, type Signal } from '@angular/core';
import type { DatasetKind, SpanOut, SymbolOut } from '@core/api';
import { datasetOf, spanOf } from '@core/market/datasets';
import { sourceName } from '@shared/price-chart/source-words';

/** Prices that can be chosen for a chart. */
export interface PriceChoice {
  readonly kind: DatasetKind;
  readonly label: string;
  readonly span: SpanOut;
}

const ORDER: readonly DatasetKind[] = ['imported', 'sample', 'provider'];

/**
 * The prices of a symbol that one can choose among; none while there is but one kind. Call it where
 * things are injected.
 */
export function priceChoices(of: Signal<SymbolOut | null>): Signal<readonly PriceChoice[]> {
  const several = computed(() => (of()?.others.length ? of() : null));
  const provided = resource({
    params: () => several() ?? undefined,
    loader: ({ params }) => spanOf(params, 'provider'),
  });
  return computed(() => {
    const found = several();
    if (!found) return [];
    const provider = provided.hasValue() ? provided.value() : null;
    const spans = [found, ...found.others, ...(provider ? [provider] : [])];
    return ORDER.flatMap((kind) => {
      const span = spans.find(({ source }) => datasetOf(source) === kind);
      return span ? { kind, span, label: labelOf(kind, span) } : [];
    });
  });
}

function labelOf(kind: DatasetKind, span: SpanOut): string {
  return kind === 'imported' ? 'Your import' : sourceName(span);
}
