import Button from '@mui/material/Button';
import { asApiError } from '../api/errors';
import { EmptyState } from './EmptyState';

interface ProblemStateProps {
  problem: unknown;
  onRetry: () => void;
  level?: 1 | 2;
}

/** Stands where something couldn't be fetched. */
export function ProblemState({ problem, onRetry, level = 2 }: ProblemStateProps) {
  const error = asApiError(problem);
  return (
    <EmptyState
      icon={error.isAway ? 'away' : 'warning'}
      title={error.isAway ? 'The server is away' : "This couldn't be loaded"}
      level={level}
      action={<Button onClick={onRetry}>Try again</Button>}
    >
      {error.message}
      {error.requestId && ` (request ${error.requestId})`}
    </EmptyState>
  );
}
