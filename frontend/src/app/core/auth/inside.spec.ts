import { inside, leadingBack } from './inside';

describe('inside', () => {
  it('lets through addresses of the app, with their query', () => {
    expect(inside('/runs?status=failed')).toBe('/runs?status=failed');
  });

  it('leads Home instead of to the log-in page, another site, or nowhere', () => {
    for (const address of ['/login', '/login?next=/runs', '/signup', '//evil.example', 'x', '']) {
      expect(inside(address)).toBe('/');
    }
    expect(inside(undefined)).toBe('/');
  });

  it('never makes the log-in page the way back', () => {
    expect(leadingBack('/login?next=%2Fruns')).toEqual({});
    expect(leadingBack('/runs')).toEqual({ next: '/runs' });
  });
});
