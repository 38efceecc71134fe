import { styled } from '@mui/material/styles';
import type { ReactNode } from 'react';
import type { Job } from '../../api/types';
import { CopyButton } from '../../components/CopyButton';
import { Panel } from '../../components/Panel';
import { PriorityMark } from '../../components/PriorityMark';
import { lengthText } from '../../components/timeText';
import { tryCount } from './tryCount';

const List = styled('dl')(({ theme }) => ({
  ...theme.typography.body2,
  display: 'grid',
  gridTemplateColumns: '6.5rem minmax(0, 1fr)',
  gap: theme.spacing(2, 3),
  margin: 0,
  '& dt': { color: theme.vars.palette.text.secondary },
  '& dd': { margin: 0, overflowWrap: 'anywhere' },
  '& [data-mono]': theme.typography.mono,
  '& [data-usual]': { color: theme.vars.palette.text.secondary },
}));

const Id = styled('span')(({ theme }) => ({
  ...theme.typography.mono,
  display: 'flex',
  alignItems: 'center',
  gap: theme.spacing(1),
  color: theme.vars.palette.text.secondary,
  '& > button': { margin: theme.spacing(-1, 0) },
}));

const Tags = styled('span')(({ theme }) => ({
  display: 'flex',
  flexWrap: 'wrap',
  gap: theme.spacing(1),
  '& > span': {
    ...theme.typography.caption,
    padding: theme.spacing(0.5, 2),
    borderRadius: theme.spacing(1.5),
    backgroundColor: theme.vars.palette.sunken,
    border: `1px solid ${theme.vars.palette.line}`,
  },
}));

export function DetailsPanel({ job }: { job: Job }) {
  return (
    <Panel title="Details">
      <List>
        <Row term="Id">
          <Id>
            {job.id}
            <CopyButton label="Copy id" text={() => job.id} />
          </Id>
        </Row>
        <Row term="Type">
          <span data-mono>{job.type}</span>
        </Row>
        <Row term="Queue">{job.queue}</Row>
        <Row term="Priority">
          <PriorityMark priority={job.priority} />
        </Row>
        <Row term="Submitter">{job.submitter.name}</Row>
        <Row term="Try">
          <span data-mono>
            {tryCount(job)} of {job.max_attempts}
          </span>
        </Row>
        {job.attempt > 1 && (
          <Row term="Attempt">
            <span data-mono>{job.attempt}</span>
          </Row>
        )}
        {job.failures > 0 && (
          <Row term="Failures">
            <span data-mono>{job.failures}</span>
          </Row>
        )}
        {job.crashes > 0 && (
          <Row term="Crashes">
            <span data-mono>{job.crashes}</span>
          </Row>
        )}
        {job.runs_alone && <Row term="Runs">in a process of its own</Row>}
        <Row term="Time limit">
          <span data-mono>{lengthText(job.time_limit_seconds)}</span>
        </Row>
        {job.worker_id && (
          <Row term="Worker">
            <span data-mono>{job.worker_id}</span>
          </Row>
        )}
        {job.tags.length > 0 && (
          <Row term="Tags">
            <Tags>
              {job.tags.map((tag) => (
                <span key={tag}>{tag}</span>
              ))}
            </Tags>
          </Row>
        )}
      </List>
    </Panel>
  );
}

function Row({ term, children }: { term: string; children: ReactNode }) {
  return (
    <>
      <dt>{term}</dt>
      <dd>{children}</dd>
    </>
  );
}
