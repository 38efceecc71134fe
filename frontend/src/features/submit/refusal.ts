import type { FieldErrors } from '../../api/errors';
import { ApiError } from '../../api/errors';

const PAYLOAD = 'payload.';

export interface Refusal {
  /** By dotted path inside the payload. */
  payload: FieldErrors;
  /** By name of the envelope's own fields. */
  envelope: FieldErrors;
  /** What has no field to stand beside. */
  rest: string[];
}

/** Sorts a refusal's errors to the places that can show them. */
export function sortRefusal(
  problem: Error | null,
  payloadPlaces: readonly string[],
  envelopePlaces: readonly string[],
): Refusal {
  const refusal: Refusal = { payload: {}, envelope: {}, rest: [] };
  if (!problem) return refusal;
  const fields = problem instanceof ApiError ? Object.entries(problem.fields) : [];
  if (fields.length === 0) return { ...refusal, rest: [problem.message] };
  const places = new Set(payloadPlaces.filter((place) => place !== ''));
  for (const [path, messages] of fields) {
    const inPayload = path.startsWith(PAYLOAD) ? path.slice(PAYLOAD.length) : null;
    const [first = ''] = path.split('.');
    if (inPayload !== null && places.has(inPayload)) refusal.payload[inPayload] = messages;
    else if (envelopePlaces.includes(first)) {
      refusal.envelope[first] = [...(refusal.envelope[first] ?? []), ...messages];
    } else refusal.rest.push(`${path}: ${messages.join(' ')}`);
  }
  return refusal;
}

/** A place that was changed is no longer wrong, as far as anybody knows; nor is what lies inside it. */
export function withoutPlace(errors: FieldErrors, place: string): FieldErrors {
  return Object.fromEntries(
    Object.entries(errors).filter(([path]) => path !== place && !path.startsWith(`${place}.`)),
  );
}
