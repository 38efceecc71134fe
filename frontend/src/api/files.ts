import { answered, client } from './client';
import { ApiError } from './errors';
import { session } from './session';
import type { StoredFile } from './types';

interface UploadOptions {
  onProgress: (fraction: number) => void;
  signal: AbortSignal;
}

/** Sends one file. Rejects with the signal's reason when it is cancelled. */
export async function uploadFile(file: File, options: UploadOptions): Promise<StoredFile> {
  const token = await session.token();
  const answer = await send(file, token, options);
  if (answer.status !== 401) return asStoredFile(answer);
  const renewed = await session.renew(token);
  return asStoredFile(renewed ? await send(file, renewed, options) : answer);
}

/** The bytes of an upload or artifact; they need the token, so no plain link can fetch them. */
export function fileContent(fileId: string, signal?: AbortSignal): Promise<Blob> {
  return answered(
    client.GET('/api/v1/files/{file_id}/content', {
      params: { path: { file_id: fileId } },
      parseAs: 'blob',
      ...(signal && { signal }),
    }) as Promise<{ data?: Blob; error?: unknown; response: Response }>,
  );
}

interface XhrAnswer {
  status: number;
  body: unknown;
}

// XMLHttpRequest, because fetch doesn't report how much it has sent.
function send(file: File, token: string | null, options: UploadOptions): Promise<XhrAnswer> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('POST', '/api/v1/files');
    if (token) request.setRequestHeader('Authorization', `Bearer ${token}`);
    request.upload.addEventListener('progress', (event) => {
      if (event.lengthComputable) options.onProgress(event.loaded / event.total);
    });
    request.addEventListener('load', () => {
      resolve({ status: request.status, body: parsed(request.responseText) });
    });
    request.addEventListener('error', () => {
      reject(ApiError.away());
    });
    request.addEventListener('abort', () => {
      reject(new DOMException('The upload was cancelled.', 'AbortError'));
    });
    const abort = () => {
      request.abort();
    };
    options.signal.addEventListener('abort', abort, { once: true });
    request.addEventListener('loadend', () => {
      options.signal.removeEventListener('abort', abort);
    });
    const form = new FormData();
    form.append('file', file);
    request.send(form);
  });
}

function asStoredFile({ status, body }: XhrAnswer): StoredFile {
  if (status === 201 || status === 200) return body as StoredFile;
  throw ApiError.fromAnswer(status, body);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
