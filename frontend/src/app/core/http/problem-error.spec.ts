import { HttpErrorResponse } from '@angular/common/http';
import { ProblemError, toProblemError } from './problem-error';

const PROBLEM = {
  type: 'about:blank',
  title: 'Changed elsewhere',
  status: 412,
  code: 'stale_revision',
  detail: 'It is at revision 3.',
  correlation_id: 'abc',
  errors: [{ field: 'name', message: 'Taken.', remedy: '' }],
};

describe('toProblemError', () => {
  it('keeps what the server explained', () => {
    const error = toProblemError(PROBLEM);
    expect(error.code).toBe('stale_revision');
    expect(error.correlationId).toBe('abc');
    expect(error.forField('name')).toBe('Taken.');
    expect(error.forField('other')).toBeNull();
  });

  it('tells faults of a field, a line or a node from those of the whole request', () => {
    const places = [{ field: 'name' }, { line: 3 }, { node_id: 'a' }, {}].map((place) => {
      const errors = [{ message: 'Wrong.', remedy: 'Mend it.', ...place }];
      return new ProblemError({ ...PROBLEM, errors }).hasPlaces;
    });
    expect(places).toEqual([true, true, true, false]);
  });

  it('reads a problem that arrived as text', () => {
    expect(toProblemError(JSON.stringify(PROBLEM)).status).toBe(412);
  });

  it('says so when the server was not reached', () => {
    const response = new HttpErrorResponse({ status: 0 });
    expect(toProblemError(response.error, response).code).toBe('unreachable');
  });

  it('explains an answer without a reason by its status', () => {
    const response = new HttpErrorResponse({ status: 502, error: '<html>' });
    expect(toProblemError(response).title).toBe('The server answered 502');
  });

  it('tells what fails because the server is away', () => {
    const outages = [0, 404, 422, 429, 500, 502, 503, 504].filter((status) => {
      return new ProblemError({ ...PROBLEM, status }).outage;
    });
    expect(outages).toEqual([0, 502, 503, 504]);
  });

  it('passes its own kind through', () => {
    const error = new ProblemError(PROBLEM);
    expect(toProblemError(error)).toBe(error);
  });
});
