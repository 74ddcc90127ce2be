import { keyOf } from './shortcuts';

const press = (init: KeyboardEventInit) => keyOf(new KeyboardEvent('keydown', init));

describe('keyOf', () => {
  it.each([
    ['я', 'KeyZ', 'Ctrl+Z'],
    ['н', 'KeyY', 'Ctrl+Y'],
    ['ы', 'KeyS', 'Ctrl+S'],
    ['і', 'KeyS', 'Ctrl+S'],
    ['в', 'KeyD', 'Ctrl+D'],
    ['ω', 'KeyV', 'Ctrl+V'],
    ['ש', 'KeyA', 'Ctrl+A'],
    ['٠', 'Digit0', 'Ctrl+0'],
  ])('takes %s for the Latin letter of its place', (key, code, expected) => {
    expect(press({ key, code, ctrlKey: true })).toBe(expected);
  });

  it('knows Shift with letters of another script', () => {
    expect(press({ key: 'Я', code: 'KeyZ', ctrlKey: true, shiftKey: true })).toBe('Ctrl+Shift+Z');
    expect(press({ key: 'Т', code: 'KeyN', shiftKey: true })).toBe('Shift+N');
  });

  it.each([
    // Letters that a Latin keyboard has elsewhere stay what they say.
    ['z', 'KeyY', 'Ctrl+Z'],
    ['q', 'KeyA', 'Ctrl+Q'],
    ['ö', 'Semicolon', 'Ctrl+Ö'],
    ['х', 'BracketLeft', 'Ctrl+Х'],
    ['ArrowLeft', 'ArrowLeft', 'Ctrl+ArrowLeft'],
    ['-', 'Minus', 'Ctrl+-'],
  ])('leaves %s as it is', (key, code, expected) => {
    expect(press({ key, code, ctrlKey: true })).toBe(expected);
  });

  it('takes Command for Control, and a sign as it is typed', () => {
    expect(press({ key: 'z', code: 'KeyZ', metaKey: true })).toBe('Ctrl+Z');
    expect(press({ key: '?', code: 'Digit7', shiftKey: true })).toBe('?');
  });
});
