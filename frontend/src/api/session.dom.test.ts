import { http, HttpResponse } from 'msw';
import { setupServer } from 'msw/node';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ApiError } from './errors';
import { Session } from './session';
import type { AuthAnswer, User } from './types';

const ada: User = {
  id: 'ada',
  email: 'ada@example.org',
  name: 'Ada',
  role: 'admin',
  created_at: '2026-03-01T08:00:00Z',
};

const answer = (access_token: string, expires_in_seconds = 900): AuthAnswer => ({
  access_token,
  expires_in_seconds,
  user: ada,
});

const refused = () =>
  HttpResponse.json(
    { error: { code: 'not_authenticated', message: 'Sign in first.', request_id: 'r1' } },
    { status: 401 },
  );

const server = setupServer();
beforeAll(() => {
  server.listen({ onUnhandledRequest: 'error' });
});
afterEach(() => {
  server.resetHandlers();
});
afterAll(() => {
  server.close();
});

function onRefresh(respond: (count: number) => Response): { count: () => number } {
  let count = 0;
  server.use(
    http.post('*/api/v1/auth/refresh', () => {
      count += 1;
      return respond(count);
    }),
  );
  return { count: () => count };
}

describe('a session', () => {
  it('is restored from the cookie without a word', async () => {
    onRefresh(() => HttpResponse.json(answer('t1')));
    const session = new Session();
    await session.restore();
    expect(session.state()).toEqual({ status: 'signed_in', user: ada });
    await expect(session.token()).resolves.toBe('t1');
  });

  it('is signed out where the cookie stands for nobody', async () => {
    onRefresh(refused);
    const session = new Session();
    await session.restore();
    expect(session.state()).toEqual({ status: 'signed_out' });
    await expect(session.token()).resolves.toBeNull();
  });

  it('is neither while the server is away, and goes on once it is back', async () => {
    onRefresh((count) =>
      count === 1 ? new HttpResponse(null, { status: 502 }) : HttpResponse.json(answer('t1')),
    );
    const session = new Session();
    await session.restore();
    expect(session.state()).toMatchObject({ status: 'away' });
    await session.restore();
    expect(session.state()).toMatchObject({ status: 'signed_in' });
  });

  it('renews once for all who ask at the same time', async () => {
    const refresh = onRefresh((count) => HttpResponse.json(answer(`t${count}`)));
    const session = new Session();
    const tokens = await Promise.all([session.renew(), session.renew(), session.token()]);
    expect(tokens).toEqual(['t1', 't1', 't1']);
    expect(refresh.count()).toBe(1);
  });

  it('gives a token that was renewed meanwhile to whoever had an older one refused', async () => {
    const refresh = onRefresh((count) => HttpResponse.json(answer(`t${count}`)));
    const session = new Session();
    session.begin(answer('t0'));
    await session.renew('t0');
    await expect(session.renew('t0')).resolves.toBe('t1');
    expect(refresh.count()).toBe(1);
  });

  it('renews a token that is about to expire before it is sent', async () => {
    onRefresh((count) => HttpResponse.json(answer(`t${count}`)));
    const session = new Session();
    session.begin(answer('t0', 0));
    await expect(session.token()).resolves.toBe('t1');
  });

  it('ends when a renewal is refused', async () => {
    onRefresh(refused);
    const session = new Session();
    session.begin(answer('t0'));
    await expect(session.renew('t0')).resolves.toBeNull();
    expect(session.state()).toEqual({ status: 'signed_out' });
  });

  it('survives a renewal that fails for another reason', async () => {
    onRefresh(() => HttpResponse.error());
    const session = new Session();
    session.begin(answer('t0'));
    await expect(session.renew('t0')).rejects.toBeInstanceOf(ApiError);
    expect(session.state()).toMatchObject({ status: 'signed_in' });
  });
});
