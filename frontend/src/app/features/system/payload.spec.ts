import { readPayload } from './payload';

describe('readPayload', () => {
  it('reads JSON as data', () => {
    expect(readPayload({ payload: '{"a": 1}', encoding: 'utf-8' }).json).toEqual({ a: 1 });
  });

  it('keeps as text what is no JSON, and no text', () => {
    expect(readPayload({ payload: 'not json', encoding: 'utf-8' })).toEqual({
      json: null,
      text: 'not json',
    });
    expect(readPayload({ payload: btoa('{}'), encoding: 'base64' }).json).toBeNull();
  });
});
