import type { ErrorBody } from './types';

export type FieldErrors = Record<string, string[]>;

interface ApiErrorParts {
  code: string;
  message: string;
  status: number;
  fields?: FieldErrors;
  requestId?: string | null;
}

/** What the server refused, or that it couldn't be reached (`status` 0). */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly code: string;
  readonly status: number;
  readonly fields: FieldErrors;
  readonly requestId: string | null;

  constructor(parts: ApiErrorParts, options?: ErrorOptions) {
    super(parts.message, options);
    this.code = parts.code;
    this.status = parts.status;
    this.fields = parts.fields ?? {};
    this.requestId = parts.requestId ?? null;
  }

  get isAway(): boolean {
    return this.code === 'server_away';
  }

  static away(cause?: unknown): ApiError {
    const message = "The server doesn't answer. Your work here is kept; try again in a moment.";
    return new ApiError({ code: 'server_away', message, status: 0 }, { cause });
  }

  static fromAnswer(status: number, body: unknown): ApiError {
    if (isErrorBody(body)) {
      const { code, message, fields, request_id } = body.error;
      return new ApiError({ code, message, status, fields: fields ?? {}, requestId: request_id });
    }
    // A proxy in front of the server answers so while the server itself is down.
    if (status === 502 || status === 503 || status === 504) return ApiError.away();
    const message = `The server answered with status ${status} and no explanation.`;
    return new ApiError({ code: 'unexplained', message, status });
  }
}

export function asApiError(problem: unknown): ApiError {
  return problem instanceof ApiError ? problem : ApiError.away(problem);
}

function isErrorBody(body: unknown): body is ErrorBody {
  if (typeof body !== 'object' || body === null || !('error' in body)) return false;
  const { error } = body;
  return typeof error === 'object' && error !== null && 'code' in error && 'message' in error;
}
