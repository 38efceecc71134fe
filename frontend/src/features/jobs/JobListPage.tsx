import Button from '@mui/material/Button';
import { styled } from '@mui/material/styles';
import { useInfiniteQuery } from '@tanstack/react-query';
import { Link, useSearchParams } from 'react-router';
import type { JobFilter } from '../../api/types';
import { useUser } from '../../api/useSession';
import { EmptyState } from '../../components/EmptyState';
import { Page } from '../../components/Page';
import { ProblemState } from '../../components/ProblemState';
import { VisuallyHidden } from '../../components/VisuallyHidden';
import { jobListQuery } from './api';
import { filterFrom, isFiltered } from './filter';
import { FilterBar } from './FilterBar';
import { JobList } from './JobList';
import { Frame } from './listLayout';

const Title = styled('h1')(({ theme }) => ({
  ...theme.typography.h1,
  margin: theme.spacing(0, 0, 4),
}));

export function JobListPage() {
  const [query] = useSearchParams();
  const filter = filterFrom(query);
  return (
    <Page title="Jobs">
      <Title>Jobs</Title>
      <FilterBar />
      <FilteredJobs key={JSON.stringify(filter)} filter={filter} />
    </Page>
  );
}

function FilteredJobs({ filter }: { filter: JobFilter }) {
  const list = useInfiniteQuery(jobListQuery(filter));
  if (list.isPending) {
    return (
      <Frame aria-busy="true">
        <VisuallyHidden role="status">Loading jobs</VisuallyHidden>
      </Frame>
    );
  }
  if (list.isError && list.data === undefined) {
    return (
      <Frame>
        <ProblemState problem={list.error} onRetry={() => void list.refetch()} />
      </Frame>
    );
  }
  const jobs = list.data.pages.flatMap((page) => page.items);
  if (jobs.length === 0 && !list.hasNextPage) {
    return <Frame>{isFiltered(filter) ? <NoMatch /> : <NothingYet />}</Frame>;
  }
  return (
    <JobList
      jobs={jobs}
      hasMore={list.hasNextPage}
      isLoadingMore={list.isFetchingNextPage}
      loadMore={() => void list.fetchNextPage()}
    />
  );
}

function NothingYet() {
  const canSubmit = useUser().role !== 'viewer';
  return (
    <EmptyState
      icon="running"
      title="No jobs yet"
      action={
        canSubmit && (
          <Button component={Link} to="/jobs/new" variant="contained" color="primary">
            Submit your first job
          </Button>
        )
      }
    >
      {canSubmit
        ? 'Choose what to run, fill in its form, and watch it here: queued, running, done. A script does the same with one POST to /api/v1/jobs.'
        : 'As soon as somebody submits a job it appears here, by itself.'}
    </EmptyState>
  );
}

function NoMatch() {
  const [, setQuery] = useSearchParams();
  return (
    <EmptyState
      icon="cancelled"
      title="No job matches these filters"
      action={
        <Button
          onClick={() => {
            setQuery({});
          }}
        >
          Show all jobs
        </Button>
      }
    >
      A job that comes to match appears here by itself.
    </EmptyState>
  );
}
