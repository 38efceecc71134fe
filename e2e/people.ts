/** People who use Millrace in these tests, and what they do by REST. */
import type { APIRequestContext, Browser, Page } from '@playwright/test';
import { expect } from '@playwright/test';

export interface Person {
  readonly name: string;
  readonly email: string;
  readonly password: string;
}

/** The first account; `first-account.setup.ts` registers it in the browser. */
export const ADMIN: Person = {
  name: 'Ada Admin',
  email: 'ada@example.com',
  password: 'a wheel in the water',
};

/** Where the setup keeps the admin's session for the other specs. */
export const ADMIN_SESSION = 'test-results/admin.json';

export interface JobAnswer {
  readonly id: string;
  readonly state: string;
}

let people = 0;

/** Somebody who has no account yet. */
export function newPerson(name: string): Person {
  people += 1;
  return {
    name,
    email: `${name.toLowerCase()}-${String(Date.now())}-${String(people)}@example.com`,
    password: 'another wheel entirely',
  };
}

/** Register by REST; the answer's cookie stays in `request`. */
export async function register(request: APIRequestContext, person: Person): Promise<string> {
  return tokenOf(await request.post('/api/v1/auth/register', { data: person }));
}

export async function signIn(
  request: APIRequestContext,
  { email, password }: Person,
): Promise<string> {
  return tokenOf(await request.post('/api/v1/auth/login', { data: { email, password } }));
}

/** A page on which `person`, newly registered, is signed in. */
export async function pageOf(browser: Browser, person: Person): Promise<Page> {
  const context = await browser.newContext({ storageState: { cookies: [], origins: [] } });
  await register(context.request, person);
  return context.newPage();
}

/** Submit a job by REST. */
export async function submit(
  request: APIRequestContext,
  token: string,
  job: { type: string; payload: object; [option: string]: unknown },
): Promise<JobAnswer> {
  const answer = await request.post('/api/v1/jobs', { data: job, headers: bearer(token) });
  expect(answer.status(), await answer.text()).toBe(201);
  return (await answer.json()) as JobAnswer;
}

export function bearer(token: string): { Authorization: string } {
  return { Authorization: `Bearer ${token}` };
}

async function tokenOf(answer: {
  ok(): boolean;
  text(): Promise<string>;
  json(): Promise<unknown>;
}): Promise<string> {
  expect(answer.ok(), await answer.text()).toBe(true);
  return ((await answer.json()) as { access_token: string }).access_token;
}
