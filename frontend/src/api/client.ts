import createClient from 'openapi-fetch';
import { ApiError } from './errors';
import type { paths } from './schema.gen';
import { session } from './session';

const PUBLIC = /\/api\/v1\/auth\/(setup|register|login|refresh)$/;

/** Adds the bearer token; a 401 renews it and asks once more. */
async function authorisedFetch(request: Request): Promise<Response> {
  if (PUBLIC.test(new URL(request.url).pathname)) return fetch(request);
  const again = request.clone();
  const token = await session.token();
  const response = await fetch(withToken(request, token));
  if (response.status !== 401) return response;
  const renewed = await session.renew(token);
  return renewed ? fetch(withToken(again, renewed)) : response;
}

function withToken(request: Request, token: string | null): Request {
  if (token) request.headers.set('Authorization', `Bearer ${token}`);
  return request;
}

export const client = createClient<paths>({
  baseUrl: globalThis.location.origin,
  fetch: authorisedFetch,
});

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** The body of a call that succeeded; everything else is thrown as an ApiError. */
export async function answered<T>(call: Promise<Answer<T>>): Promise<T> {
  let answer: Answer<T>;
  try {
    answer = await call;
  } catch (problem) {
    if (problem instanceof ApiError) throw problem;
    if (problem instanceof DOMException && problem.name === 'AbortError') throw problem;
    throw ApiError.away(problem);
  }
  if (answer.response.ok) return answer.data as T;
  throw ApiError.fromAnswer(answer.response.status, answer.error);
}
