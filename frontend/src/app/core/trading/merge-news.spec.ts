import { withItem } from './merge-news';

const item = (id: string, open = true) => ({ id, open });
const isOpen = ({ open }: { open: boolean }) => open;

describe('an item that was pushed', () => {
  it('takes the place of the one it was', () => {
    const [one, two, fresh] = [item('1'), item('2'), item('2')];
    expect(withItem([one, two], fresh, isOpen)).toEqual([one, fresh]);
    expect(withItem([one, two], fresh, isOpen)[1]).toBe(fresh);
  });

  it('goes first when it is new', () => {
    expect(withItem([item('1')], item('2'), isOpen).map(({ id }) => id)).toEqual(['2', '1']);
  });

  it('leaves the list, or stays out of it, when it does not belong', () => {
    expect(withItem([item('1')], item('1', false), isOpen)).toEqual([]);
    expect(withItem([item('1')], item('2', false), isOpen)).toEqual([item('1')]);
  });
});
