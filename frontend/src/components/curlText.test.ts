import { expect, it } from 'vitest';
import { curlText } from './curlText';

const job = { type: 'sleep', payload: { seconds: 5 }, priority: 'normal', tags: [] } as const;

it('says what differs from the defaults, and leaves the token to the shell', () => {
  const text = curlText({ ...job, tags: [], priority: 'high' }, 'http://mill:8000');
  expect(text).toContain("curl 'http://mill:8000/api/v1/jobs'");
  expect(text).toContain('Bearer $MILLRACE_TOKEN');
  expect(text).toContain(`'{"type":"sleep","payload":{"seconds":5},"priority":"high"}'`);
});

it('keeps quotes in a payload from ending the argument', () => {
  const text = curlText({ ...job, tags: [], payload: { name: "it's" } }, 'http://mill');
  expect(text).toContain(`it'\\''s`);
});
