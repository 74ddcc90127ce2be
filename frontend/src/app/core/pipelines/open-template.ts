import { type Params } from '@angular/router';
import { createPipeline, type TemplateOut } from '@core/api';
import { unwrap } from '@core/http/unwrap';

/** Where the editor opens on a new pipeline. */
export interface EditorAddress {
  readonly commands: readonly string[];
  readonly queryParams: Params;
}

/**
 * Makes a pipeline from a template. The editor opens on what the template suggests to run, or on
 * `symbol` as of now.
 */
export async function createFromTemplate(
  template: TemplateOut,
  symbol?: string,
): Promise<EditorAddress> {
  const body = { name: template.name, template: template.slug };
  const { id } = await unwrap(createPipeline({ body }));
  return {
    commands: ['/pipelines', id],
    queryParams: symbol ? { symbol } : suggestionOf(template),
  };
}

/** The symbol, and the date if there is one, that show best what the template does. */
export function suggestionOf({
  symbol_hint,
  as_of_hint,
}: Pick<TemplateOut, 'symbol_hint' | 'as_of_hint'>): Params {
  return {
    ...(symbol_hint ? { symbol: symbol_hint } : {}),
    ...(as_of_hint ? { as_of: as_of_hint } : {}),
  };
}
