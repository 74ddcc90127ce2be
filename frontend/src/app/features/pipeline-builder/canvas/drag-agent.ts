import { Directive } from '@angular/core';
import { FExternalItem } from '@foblex/flow';

/** Makes a palette entry draggable onto the canvas; the value is the agent's type. */
@Directive({
  selector: '[kDragAgent]',
  hostDirectives: [
    { directive: FExternalItem, inputs: ['fData: kDragAgent', 'fPreviewMatchSize: kDragSameSize'] },
  ],
  // The library finds what is dragged by this attribute.
  host: { fExternalItem: '' },
})
export class DragAgent {}
