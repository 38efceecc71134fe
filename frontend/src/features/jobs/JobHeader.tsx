import Button from '@mui/material/Button';
import { styled } from '@mui/material/styles';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Link } from 'react-router';
import type { Job, JobState } from '../../api/types';
import { CopyButton } from '../../components/CopyButton';
import { Icon } from '../../components/Icon';
import { JobStateChip } from '../../components/JobStateChip';
import { Notice } from '../../components/Notice';
import { jobAction } from './api';
import { curlText } from '../../components/curlText';

const CAN_BE_CANCELLED: ReadonlySet<JobState> = new Set([
  'scheduled',
  'queued',
  'running',
  'retrying',
]);
const CAN_BE_SENT_AGAIN: ReadonlySet<JobState> = new Set(['failed', 'cancelled', 'completed']);

const Back = styled(Link)(({ theme }) => ({
  ...theme.typography.body2,
  display: 'inline-flex',
  alignItems: 'center',
  gap: theme.spacing(1),
  marginBottom: theme.spacing(3),
  color: theme.vars.palette.text.secondary,
  textDecoration: 'none',
  '&:hover': { color: theme.vars.palette.text.primary },
}));

const Head = styled('div')(({ theme }) => ({
  display: 'flex',
  flexWrap: 'wrap',
  alignItems: 'flex-start',
  justifyContent: 'space-between',
  gap: theme.spacing(3, 6),
  marginBottom: theme.spacing(5),
}));

const Title = styled('div')(({ theme }) => ({
  display: 'flex',
  flexWrap: 'wrap',
  alignItems: 'center',
  gap: theme.spacing(1, 3),
  minWidth: 0,
  flex: '1 1 20rem',
  '& h1': { ...theme.typography.h1, margin: 0 },
  '& p': {
    ...theme.typography.body1,
    flexBasis: '100%',
    margin: 0,
    color: theme.vars.palette.text.secondary,
    overflowWrap: 'anywhere',
  },
}));

const Actions = styled('div')(({ theme }) => ({
  display: 'flex',
  flexWrap: 'wrap',
  gap: theme.spacing(2),
  '& > [role=alert]': { flexBasis: '100%' },
}));

export function JobHeader({ job, title }: { job: Job; title: string }) {
  return (
    <header>
      <Back to="/jobs">
        <Icon name="back" size="0.875rem" />
        Jobs
      </Back>
      <Head>
        <Title>
          <h1>{title}</h1>
          <span role="status">
            <JobStateChip state={job.state} />
          </span>
          {job.summary && <p>{job.summary}</p>}
        </Title>
        <JobActions job={job} />
      </Head>
    </header>
  );
}

function JobActions({ job }: { job: Job }) {
  const action = useMutation(jobAction(useQueryClient(), job.id));
  const isStopping = job.cancel_requested_at !== null;
  return (
    <Actions>
      <CopyButton
        label="Copy as curl"
        icon="terminal"
        worded
        text={() => curlText(job, location.origin)}
      />
      {job.may_govern && CAN_BE_CANCELLED.has(job.state) && (
        <Button
          disabled={action.isPending || isStopping}
          startIcon={<Icon name="cancelled" />}
          onClick={() => {
            action.mutate('cancel');
          }}
        >
          {isStopping ? 'Stopping' : 'Cancel job'}
        </Button>
      )}
      {job.may_govern && CAN_BE_SENT_AGAIN.has(job.state) && (
        <Button
          disabled={action.isPending}
          startIcon={<Icon name="retrying" />}
          onClick={() => {
            action.mutate('requeue');
          }}
        >
          Send again
        </Button>
      )}
      {action.isError && <Notice tone="failure">{action.error.message}</Notice>}
    </Actions>
  );
}
