import Button from '@mui/material/Button';
import { Link } from 'react-router';
import { EmptyState } from '../components/EmptyState';
import { Page } from '../components/Page';

export function NotFoundPage() {
  return (
    <Page title="Not found">
      <EmptyState
        icon="cancelled"
        title="There is no page at this address"
        level={1}
        action={
          <Button component={Link} to="/jobs">
            Go to the jobs
          </Button>
        }
      >
        It may have been mistyped, or the link may be old.
      </EmptyState>
    </Page>
  );
}
