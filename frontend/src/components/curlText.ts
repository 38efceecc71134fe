import type { Job } from '../api/types';

/** The call that submits the same job again; the token is left to the shell, so that none ends up in a chat. */
export function curlText(
  job: Pick<Job, 'type' | 'payload' | 'priority' | 'tags'>,
  origin: string,
): string {
  const body = {
    type: job.type,
    payload: job.payload,
    ...(job.priority !== 'normal' && { priority: job.priority }),
    ...(job.tags.length > 0 && { tags: job.tags }),
  };
  return [
    `curl ${quoted(`${origin}/api/v1/jobs`)}`,
    '  -H "Authorization: Bearer $MILLRACE_TOKEN"',
    "  -H 'Content-Type: application/json'",
    `  -d ${quoted(JSON.stringify(body))}`,
  ].join(' \\\n');
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
