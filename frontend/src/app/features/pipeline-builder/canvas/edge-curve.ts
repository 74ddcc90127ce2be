import {
  EFConnectableSide,
  type IFConnectionBuilder,
  type IFConnectionBuilderRequest,
  type IFConnectionBuilderResponse,
} from '@foblex/flow';
import { arcsOf, type Bends, pathText, pointsAlong } from '@shared/graph-view/edge-route';

/** Draws the canvas's edges by the same rule as every other picture of a pipeline. */
export class EdgeCurve implements IFConnectionBuilder {
  handle(request: IFConnectionBuilderRequest): IFConnectionBuilderResponse {
    const { source: start, target: end, waypoints } = request;
    const [from, to] = waypoints;
    const bends: Bends = from && to ? [from, to] : [];
    const side = request.sourceSide === EFConnectableSide.BOTTOM ? 'bottom' : 'right';
    const arcs = arcsOf({ start, side, end }, bends);
    return {
      path: pathText(arcs),
      secondPoint: arcs[0]?.b ?? start,
      penultimatePoint: arcs.at(-1)?.c ?? end,
      points: [...pointsAlong(arcs)],
      candidates: [],
    };
  }
}
