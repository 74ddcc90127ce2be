import { DestroyRef, Directive, inject } from '@angular/core';
import { FExternalItem, FExternalItemService } from '@foblex/flow';

/** Makes a palette entry draggable onto the canvas; the value is the agent's type. */
@Directive({
  selector: '[kDragAgent]',
  hostDirectives: [
    { directive: FExternalItem, inputs: ['fData: kDragAgent', 'fPreviewMatchSize: kDragSameSize'] },
  ],
  // The library finds what is dragged by this attribute.
  host: { fExternalItem: '' },
})
export class DragAgent {
  constructor() {
    const item = inject(FExternalItem);
    const known = inject(FExternalItemService);
    // The library never forgets an entry by itself, and with it keeps the whole page in memory.
    inject(DestroyRef).onDestroy(() => known.remove(item));
  }
}
