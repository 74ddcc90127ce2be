import { TestBed } from '@angular/core/testing';
import { MatDialog } from '@angular/material/dialog';
import { asked, nothingAsked, provideFakeApi, settled } from '@core/http/testing';
import { of } from 'rxjs';
import { KeyList } from './key-list';

const KEY = {
  id: 'k1',
  name: 'Script',
  prefix: 'kuber_0123abcd',
  scopes: ['market:read'],
  created_at: '2026-01-05T15:00:00Z',
  last_used_at: null,
  expires_at: null,
  revoked_at: null,
};

describe('the list of API keys', () => {
  async function show(items: object[], agreed = true) {
    const dialogs = { open: () => ({ afterClosed: () => of(agreed) }) };
    TestBed.configureTestingModule({
      providers: [provideFakeApi(), { provide: MatDialog, useValue: dialogs }],
    });
    const fixture = TestBed.createComponent(KeyList);
    (await asked('GET', '/api-keys')).flush({ items });
    const settle = () => settled(fixture);
    await settle();
    return { page: fixture.nativeElement as HTMLElement, settle };
  }

  it('says what a key is for where there is none', async () => {
    const { page } = await show([]);
    expect(page.querySelector('k-empty-state')?.textContent).toContain('No API keys');
  });

  it('shows how a key begins, what it may do, and those that ended apart', async () => {
    const ended = { ...KEY, id: 'k2', name: 'Old', revoked_at: '2026-01-06T00:00:00Z' };
    const { page } = await show([KEY, ended]);
    const working = page.querySelector('ul')?.textContent ?? '';
    expect(working).toContain('kuber_0123abcd…');
    expect(working).toContain('market:read');
    expect(working).toContain('Never used');
    expect(working).not.toContain('Old');
    expect(page.querySelector('summary')?.textContent).toContain('(1)');
    expect(page.querySelector('details')?.textContent).toContain('Revoked');
  });

  const revoke = (page: HTMLElement) =>
    page.querySelector<HTMLButtonElement>('[aria-label="Revoke Script"]')?.click();

  it('revokes a key once one agreed', async () => {
    const { page, settle } = await show([KEY]);
    revoke(page);
    (await asked('DELETE', '/api-keys/k1')).flush(null);
    (await asked('GET', '/api-keys')).flush({ items: [] });
    await settle();
    expect(page.textContent).toContain('No API keys');
  });

  it('revokes nothing when one did not', async () => {
    const { page, settle } = await show([KEY], false);
    revoke(page);
    await settle();
    nothingAsked();
  });
});
