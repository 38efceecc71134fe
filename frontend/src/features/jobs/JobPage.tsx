import Button from '@mui/material/Button';
import { styled } from '@mui/material/styles';
import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from 'react-router';
import { ApiError } from '../../api/errors';
import { jobTypesQuery, typeTitle } from '../../api/jobTypes';
import type { Job } from '../../api/types';
import { CopyButton } from '../../components/CopyButton';
import { EmptyState } from '../../components/EmptyState';
import { JsonTree } from '../../components/JsonTree';
import { Page } from '../../components/Page';
import { Panel } from '../../components/Panel';
import { ProblemState } from '../../components/ProblemState';
import { useRoom } from '../../realtime/RealtimeProvider';
import { jobQuery } from './api';
import { ArtifactsPanel } from './ArtifactsPanel';
import { AttemptsPanel } from './AttemptsPanel';
import { DetailsPanel } from './DetailsPanel';
import { JobHeader } from './JobHeader';
import { JobOutcome, ResultPanel } from './JobOutcome';
import { LogPanel } from './LogPanel';
import { StatePath } from './StatePath';

const Columns = styled('div')(({ theme }) => ({
  display: 'grid',
  gridTemplateColumns: `minmax(0, 1fr) ${theme.size.aside}`,
  gap: theme.spacing(4),
  marginTop: theme.spacing(4),
  [theme.breakpoints.down('md')]: { gridTemplateColumns: 'minmax(0, 1fr)' },
}));

const Column = styled('div')(({ theme }) => ({
  display: 'flex',
  flexDirection: 'column',
  gap: theme.spacing(4),
  minWidth: 0,
}));

export function JobPage() {
  const { jobId = '' } = useParams();
  return <JobById key={jobId} jobId={jobId} />;
}

function JobById({ jobId }: { jobId: string }) {
  useRoom(`job:${jobId}`);
  const job = useQuery(jobQuery(jobId));
  if (job.isPending) return <Page title="Job">{null}</Page>;
  if (job.data) return <JobInFull job={job.data} />;
  const isMissing = job.error instanceof ApiError && job.error.status === 404;
  return (
    <Page title={isMissing ? 'No such job' : 'Job'}>
      {isMissing ? (
        <NoSuchJob />
      ) : (
        <ProblemState problem={job.error} onRetry={() => void job.refetch()} level={1} />
      )}
    </Page>
  );
}

function JobInFull({ job }: { job: Job }) {
  const types = useQuery(jobTypesQuery);
  const title = typeTitle(types.data, job.type);
  return (
    <Page title={`${title}, ${job.state}`} width="reading">
      <JobHeader job={job} title={title} />
      <StatePath job={job} />
      <Columns>
        <Column>
          <JobOutcome job={job} title={title} />
          <ArtifactsPanel jobId={job.id} />
          <ResultPanel job={job} />
          <LogPanel jobId={job.id} isRunning={job.state === 'running'} />
          <AttemptsPanel jobId={job.id} />
        </Column>
        <Column>
          <DetailsPanel job={job} />
          <Panel
            title="Payload"
            action={
              <CopyButton label="Copy payload" text={() => JSON.stringify(job.payload, null, 2)} />
            }
          >
            <JsonTree value={job.payload} label="Payload" />
          </Panel>
        </Column>
      </Columns>
    </Page>
  );
}

function NoSuchJob() {
  return (
    <EmptyState
      icon="cancelled"
      title="No such job"
      level={1}
      action={
        <Button component={Link} to="/jobs">
          Go to the jobs
        </Button>
      }
    >
      There is no job with this id, or it belongs to somebody else.
    </EmptyState>
  );
}
