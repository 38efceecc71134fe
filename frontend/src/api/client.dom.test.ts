import { http, HttpResponse } from 'msw';
import { setupServer } from 'msw/node';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { answered, client } from './client';
import { ApiError } from './errors';
import { session } from './session';
import type { AuthAnswer } from './types';

const answer = (access_token: string): AuthAnswer => ({
  access_token,
  expires_in_seconds: 900,
  user: {
    id: 'ada',
    email: 'ada@example.org',
    name: 'Ada',
    role: 'admin',
    created_at: '2026-03-01T08:00:00Z',
  },
});

const refusal = (code: string, status: number, fields?: Record<string, string[]>) =>
  HttpResponse.json(
    { error: { code, message: 'Refused.', request_id: 'r7', ...(fields && { fields }) } },
    { status },
  );

const server = setupServer();
beforeAll(() => {
  server.listen({ onUnhandledRequest: 'error' });
});
beforeEach(() => {
  session.begin(answer('old'));
});
afterEach(() => {
  server.resetHandlers();
});
afterAll(() => {
  server.close();
});

const submit = () =>
  answered(client.POST('/api/v1/jobs', { body: { type: 'sleep', payload: { seconds: 1 } } }));

describe('a call', () => {
  it('whose token is refused renews it and sends the same again, for all at once', async () => {
    const seen: [string | null, unknown][] = [];
    let renewals = 0;
    server.use(
      http.post('*/api/v1/jobs', async ({ request }) => {
        const token = request.headers.get('Authorization');
        seen.push([token, await request.json()]);
        return token === 'Bearer new'
          ? HttpResponse.json({ id: 'a' }, { status: 201 })
          : refusal('not_authenticated', 401);
      }),
      http.post('*/api/v1/auth/refresh', () => {
        renewals += 1;
        return HttpResponse.json(answer('new'));
      }),
    );
    await expect(Promise.all([submit(), submit()])).resolves.toEqual([{ id: 'a' }, { id: 'a' }]);
    expect(renewals).toBe(1);
    expect(seen.at(-1)).toEqual(['Bearer new', { type: 'sleep', payload: { seconds: 1 } }]);
  });

  it('is not repeated for ever where the new token is refused too', async () => {
    let calls = 0;
    server.use(
      http.post('*/api/v1/jobs', () => {
        calls += 1;
        return refusal('not_authenticated', 401);
      }),
      http.post('*/api/v1/auth/refresh', () => HttpResponse.json(answer('new'))),
    );
    await expect(submit()).rejects.toMatchObject({ code: 'not_authenticated', status: 401 });
    expect(calls).toBe(2);
  });

  it('that is refused tells the code, the fields and the request', async () => {
    const fields = { 'payload.seconds': ['Too long.'] };
    server.use(http.post('*/api/v1/jobs', () => refusal('invalid_payload', 422, fields)));
    await expect(submit()).rejects.toMatchObject({
      code: 'invalid_payload',
      message: 'Refused.',
      status: 422,
      requestId: 'r7',
      fields,
    });
  });

  it.each([
    ['nothing answers', () => HttpResponse.error()],
    ['a proxy answers for it', () => new HttpResponse('<h1>Bad gateway</h1>', { status: 502 })],
  ])('finds the server away when %s', async (_, respond) => {
    server.use(http.post('*/api/v1/jobs', respond));
    const problem = await submit().catch((error: unknown) => error);
    expect(problem).toBeInstanceOf(ApiError);
    expect(problem).toMatchObject({ isAway: true });
  });
});
