import { styled } from '@mui/material/styles';
import type { Job } from '../../api/types';
import { CopyButton } from '../../components/CopyButton';
import { JsonTree } from '../../components/JsonTree';
import { Notice } from '../../components/Notice';
import { Panel } from '../../components/Panel';
import { ProgressBar } from '../../components/ProgressBar';
import { progressNow } from './progressNow';

const Flow = styled('div')(({ theme }) => ({
  ...theme.typography.body2,
  display: 'grid',
  gridTemplateColumns: 'minmax(0, 1fr) auto',
  gap: theme.spacing(2.5, 3),
  alignItems: 'baseline',
  '& > [role=progressbar]': { gridColumn: '1 / -1', height: theme.spacing(1.5) },
  '& > [data-part=percent]': theme.typography.mono,
}));

const Code = styled('code')(({ theme }) => ({ ...theme.typography.mono, opacity: 0.9 }));

/** What it does now, or what came of it. */
export function JobOutcome({ job, title }: { job: Job; title: string }) {
  return (
    <>
      {job.state === 'running' && <Progress job={job} title={title} />}
      {job.cancel_requested_by && job.state === 'running' && (
        <Notice tone="attention">
          {job.cancel_requested_by.name} asked it to stop. It ends at its next checkpoint.
        </Notice>
      )}
      {job.cancel_requested_by && job.state === 'cancelled' && (
        <Notice tone="calm" icon="cancelled">
          Cancelled by {job.cancel_requested_by.name}
        </Notice>
      )}
      {job.error && (job.state === 'failed' || job.state === 'retrying') && (
        <Notice tone={job.state === 'failed' ? 'failure' : 'attention'}>
          {job.error.message} <Code>{job.error.code}</Code>
        </Notice>
      )}
    </>
  );
}

/** What the handler returned, where it returned something. */
export function ResultPanel({ job }: { job: Job }) {
  if (!job.result || Object.keys(job.result).length === 0) return null;
  return (
    <Panel
      title="Result"
      action={<CopyButton label="Copy result" text={() => JSON.stringify(job.result, null, 2)} />}
    >
      <JsonTree value={job.result} label="Result" />
    </Panel>
  );
}

function Progress({ job, title }: { job: Job; title: string }) {
  const progress = progressNow(job);
  const fraction = progress?.fraction ?? null;
  return (
    <Panel title="Progress">
      <Flow>
        <span>{progress?.message ? progress.message : 'Working'}</span>
        {fraction !== null && <span data-part="percent">{Math.round(fraction * 100)}%</span>}
        <ProgressBar fraction={fraction} label={`Progress of ${title}`} />
      </Flow>
    </Panel>
  );
}
