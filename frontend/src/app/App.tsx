import CssBaseline from '@mui/material/CssBaseline';
import { ThemeProvider } from '@mui/material/styles';
import { QueryClientProvider } from '@tanstack/react-query';
import { Suspense, useEffect, useState } from 'react';
import { BrowserRouter, useLocation } from 'react-router';
import { createQueryClient } from '../api/queryClient';
import { useSession } from '../api/useSession';
import { ErrorBoundary } from './ErrorBoundary';
import { AppRoutes } from './routes';
import { ServerAway } from './ServerAway';
import { theme } from './theme';
import { MODE_KEY } from './themeMode';

export function App() {
  const [queryClient] = useState(createQueryClient);
  return (
    <ThemeProvider
      theme={theme}
      defaultMode="system"
      modeStorageKey={MODE_KEY}
      disableTransitionOnChange
    >
      <CssBaseline enableColorScheme />
      <QueryClientProvider client={queryClient}>
        <Door onSignedOut={queryClient} />
      </QueryClientProvider>
    </ThemeProvider>
  );
}

/** Nothing is shown until it is known who is there: neither a sign-in that flashes by, nor pages that can't load. */
function Door({ onSignedOut: cache }: { onSignedOut: { clear: () => void } }) {
  const state = useSession();
  const account = state.status === 'signed_in' ? state.user.id : null;
  useEffect(
    // What one account has seen, the next one must not.
    () => () => {
      if (account) cache.clear();
    },
    [account, cache],
  );
  if (state.status === 'restoring') return null;
  if (state.status === 'away') return <ServerAway />;
  return (
    <BrowserRouter>
      <Place />
    </BrowserRouter>
  );
}

function Place() {
  const { pathname } = useLocation();
  return (
    <ErrorBoundary place={pathname}>
      <Suspense>
        <AppRoutes />
      </Suspense>
    </ErrorBoundary>
  );
}
