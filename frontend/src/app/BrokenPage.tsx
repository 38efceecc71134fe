import Button from '@mui/material/Button';
import { useRouteError } from 'react-router';
import { EmptyState } from '../components/EmptyState';

/** Stands in for a page that broke, or whose code couldn't be fetched because the server was updated or is away. */
export function BrokenPage() {
  const problem = useRouteError();
  return (
    <EmptyState
      icon="warning"
      title="This page broke"
      level={1}
      action={
        <Button
          onClick={() => {
            location.reload();
          }}
        >
          Load it again
        </Button>
      }
    >
      Nothing that runs on the server is touched by this.{' '}
      {problem instanceof Error && problem.message}
    </EmptyState>
  );
}
