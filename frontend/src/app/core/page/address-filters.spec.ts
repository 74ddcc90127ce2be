import { Location } from '@angular/common';
import { Component, EnvironmentInjector, runInInjectionContext } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import { provideRouter, Router } from '@angular/router';
import { RouterTestingHarness } from '@angular/router/testing';
import { addressFilters, type FilterChange } from './address-filters';

@Component({ template: '' })
class List {}

describe('the filters in the address', () => {
  let go: (change: FilterChange, how?: 'chosen' | 'typed') => Promise<void>;
  const url = () => TestBed.inject(Router).url;
  const back = async () => {
    const before = url();
    TestBed.inject(Location).back();
    await vi.waitFor(() => expect(url()).not.toBe(before));
  };

  beforeEach(async () => {
    TestBed.configureTestingModule({
      providers: [provideRouter([{ path: '**', component: List }])],
    });
    const harness = await RouterTestingHarness.create('/runs?keep=1');
    const filter = runInInjectionContext(TestBed.inject(EnvironmentInjector), () =>
      addressFilters('/runs'),
    );
    TestBed.inject(Router).initialNavigation();
    go = async (change, how) => {
      filter(change, how);
      await harness.fixture.whenStable();
    };
  });

  it('are steps that Back takes back one by one', async () => {
    await go({ status: 'failed' });
    await go({ symbol: 'AAPL', status: null });
    expect(url()).toBe('/runs?keep=1&symbol=AAPL');
    await back();
    expect(url()).toBe('/runs?keep=1&status=failed');
    await back();
    expect(url()).toBe('/runs?keep=1');
  });

  it('are one step as long as one types', async () => {
    await go({ search: 'g' }, 'typed');
    await go({ search: 'go' }, 'typed');
    await go({ search: 'gol' }, 'typed');
    await back();
    expect(url()).toBe('/runs?keep=1');
  });

  it('begin another step when one types again after something else', async () => {
    await go({ search: 'g' }, 'typed');
    await go({ status: 'failed' });
    await go({ search: 'go' }, 'typed');
    await back();
    expect(url()).toBe('/runs?keep=1&search=g&status=failed');
  });
});
