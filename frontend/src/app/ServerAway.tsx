import Button from '@mui/material/Button';
import { useEffect, useState } from 'react';
import { session } from '../api/session';
import { EmptyState } from '../components/EmptyState';

const TRY_EVERY_MS = 3000;

/** The whole page while the server can't be reached at the start; it goes on by itself once it can. */
export function ServerAway() {
  const [trying, setTrying] = useState(false);
  const tryNow = () => {
    setTrying(true);
    void session.restore().finally(() => {
      setTrying(false);
    });
  };
  useEffect(() => {
    const timer = setInterval(() => void session.restore(), TRY_EVERY_MS);
    return () => {
      clearInterval(timer);
    };
  }, []);
  return (
    <main role="status">
      <EmptyState
        icon="away"
        title="The server is away"
        level={1}
        action={
          <Button onClick={tryNow} disabled={trying}>
            Try now
          </Button>
        }
      >
        Millrace doesn't answer at this address. This page goes on by itself as soon as it does.
      </EmptyState>
    </main>
  );
}
