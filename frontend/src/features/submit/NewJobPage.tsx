import { styled } from '@mui/material/styles';
import { useQuery } from '@tanstack/react-query';
import { useSearchParams } from 'react-router';
import { jobTypesQuery } from '../../api/jobTypes';
import type { JobType } from '../../api/types';
import { useUser } from '../../api/useSession';
import { EmptyState } from '../../components/EmptyState';
import { Field } from '../../components/Field';
import { Select } from '../../components/inputs';
import { Page } from '../../components/Page';
import { ProblemState } from '../../components/ProblemState';
import { JobForm } from './JobForm';

const Title = styled('h1')(({ theme }) => ({
  ...theme.typography.h1,
  margin: theme.spacing(0, 0, 5),
}));

const Stack = styled('div')(({ theme }) => ({ display: 'grid', gap: theme.spacing(5) }));

export function NewJobPage() {
  const types = useQuery(jobTypesQuery);
  const user = useUser();
  return (
    <Page title="New job" width="form">
      <Title>New job</Title>
      {user.role === 'viewer' && (
        <EmptyState icon="account" title="A viewer watches jobs and doesn't submit any">
          Ask an admin for the role of a member.
        </EmptyState>
      )}
      {types.isError && <ProblemState problem={types.error} onRetry={() => void types.refetch()} />}
      {types.data && user.role !== 'viewer' && <ChooseType types={types.data} />}
    </Page>
  );
}

function ChooseType({ types }: { types: readonly JobType[] }) {
  const [query, setQuery] = useSearchParams();
  const wanted = query.get('type');
  const chosen =
    types.find((type) => type.type === wanted) ??
    types.find((type) => !type.is_example) ??
    types[0];
  if (!chosen) {
    return (
      <EmptyState icon="warning" title="This server knows no job types">
        A developer adds one as one file among the handlers.
      </EmptyState>
    );
  }
  return (
    <Stack>
      <Field label="Type" description={chosen.description}>
        {(control) => (
          <Select
            {...control}
            value={chosen.type}
            onChange={(event) => {
              setQuery({ type: event.target.value }, { replace: true });
            }}
          >
            {types.map(({ type, title }) => (
              <option key={type} value={type}>
                {title}
              </option>
            ))}
          </Select>
        )}
      </Field>
      <JobForm key={chosen.type} type={chosen} />
    </Stack>
  );
}
