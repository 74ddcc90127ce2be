import { HttpClient, provideHttpClient } from '@angular/common/http';
import {
  HttpTestingController,
  provideHttpClientTesting,
  type TestRequest,
} from '@angular/common/http/testing';
import { type EnvironmentProviders, inject, provideEnvironmentInitializer } from '@angular/core';
import { type ComponentFixture, TestBed } from '@angular/core/testing';
import { client } from '@core/api/client.gen';

/** As many as the longest chain of promises behind an answer has. */
const TURNS = 40;

/** The API, to be answered by `asked`. */
export function provideFakeApi(): EnvironmentProviders[] {
  return [
    provideHttpClient(),
    provideHttpClientTesting() as unknown as EnvironmentProviders,
    provideEnvironmentInitializer(() => client.setConfig({ httpClient: inject(HttpClient) })),
  ];
}

/** Waits for the one call of `method` to a path that ends so; its query does not matter. */
export async function asked(method: string, path: string): Promise<TestRequest> {
  const http = TestBed.inject(HttpTestingController);
  return vi.waitFor(() =>
    http.expectOne(
      ({ method: by, url }) => by === method && (url.split('?', 1)[0] ?? '').endsWith(path),
    ),
  );
}

/** What a call asks for behind its path. */
export function queryOf({ request }: TestRequest): URLSearchParams {
  return new URL(request.urlWithParams, 'http://kuber').searchParams;
}

/** Lets happen what an answer sets off, and the page be drawn after it. */
export async function settled(fixture: ComponentFixture<unknown>): Promise<void> {
  for (let turn = 0; turn < TURNS; turn++) await Promise.resolve();
  await fixture.whenStable();
}

/** Whether nothing was asked that was not answered. */
export function nothingAsked(): void {
  TestBed.inject(HttpTestingController).verify();
}

/** Refuses a call, as the server explains it. */
export function refuse(call: TestRequest, detail: string, errors: object[] = []): void {
  const problem = { title: 'No', code: 'refused', status: 422, detail, errors };
  call.flush(problem, { status: 422, statusText: 'Unprocessable' });
}
