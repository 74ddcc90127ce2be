import { TestBed } from '@angular/core/testing';
import { GraphView } from './graph-view';

const CARD_PX = 168;
const WINDOW_PX = 340;

describe('a graph that is wider than its place', () => {
  async function drawn(selected: string | null) {
    const fixture = TestBed.createComponent(GraphView);
    const page = fixture.nativeElement as HTMLElement;
    Object.defineProperty(page, 'clientWidth', { value: WINDOW_PX });
    const nodes = Array.from({ length: 6 }, (_, i) => ({
      id: `n${i}`,
      name: `Node ${i}`,
      icon: 'bolt',
      category: 'data',
      position: { x: i * 300, y: 0 },
    }));
    const choose = async (id: string | null) => {
      fixture.componentRef.setInput('selected', id);
      await fixture.whenStable();
    };
    fixture.componentRef.setInput('nodes', nodes);
    fixture.componentRef.setInput('edges', []);
    await choose(selected);
    const leftOf = (name: string) => {
      const card = page.querySelector(`.node[aria-label^="${name}"]`);
      return Number(/translate\((\d+)/.exec(card?.getAttribute('transform') ?? '')?.[1]);
    };
    return { page, choose, leftOf };
  }

  it('is scrolled to the card that is chosen, and left alone while that is seen', async () => {
    const { page, choose, leftOf } = await drawn('n4');
    const middle = page.scrollLeft + WINDOW_PX / 2;
    expect(middle).toBe(leftOf('Node 4') + CARD_PX / 2);
    const before = page.scrollLeft;
    page.scrollLeft = before + 20;
    await choose('n4');
    expect(page.scrollLeft).toBe(before + 20);
    await choose('n0');
    expect(page.scrollLeft).toBeLessThan(CARD_PX);
  });

  it('begins at its start while none is chosen', async () => {
    expect((await drawn(null)).page.scrollLeft).toBe(0);
  });
});
