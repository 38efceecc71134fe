import { styled } from '@mui/material/styles';
import { Suspense, useEffect } from 'react';
import { Navigate, NavigationType, Outlet, useLocation, useNavigationType } from 'react-router';
import type { User } from '../api/types';
import { useSession } from '../api/useSession';
import { RealtimeProvider, useRoom } from '../realtime/RealtimeProvider';
import { ErrorBoundary } from './ErrorBoundary';
import { TopBar } from './TopBar';

const Frame = styled('div')({ display: 'flex', flexDirection: 'column', minHeight: '100dvh' });

const SkipLink = styled('a')(({ theme }) => ({
  position: 'fixed',
  zIndex: theme.zIndex.tooltip,
  top: theme.spacing(2),
  left: theme.spacing(2),
  padding: theme.spacing(2, 3),
  borderRadius: theme.vars.shape.borderRadius,
  color: theme.vars.palette.primary.contrastText,
  backgroundColor: theme.vars.palette.primary.main,
  '&:not(:focus)': { clipPath: 'inset(50%)' },
}));

const Content = styled('main')({ flex: 1, outline: 'none', minWidth: 0 });

/** What surrounds every page behind the sign-in. */
export function Shell() {
  const session = useSession();
  const location = useLocation();
  useStartAtTop();
  if (session.status !== 'signed_in') {
    const wanted = location.pathname + location.search;
    const query = wanted === '/' ? '' : `?${new URLSearchParams({ next: wanted }).toString()}`;
    return <Navigate to={`/sign-in${query}`} replace />;
  }
  return (
    <RealtimeProvider key={session.user.id}>
      <LiveJobs user={session.user} />
      <Frame>
        <SkipLink href="#content">Skip to content</SkipLink>
        <TopBar user={session.user} />
        <Content id="content" tabIndex={-1}>
          <ErrorBoundary place={location.pathname}>
            <Suspense>
              <Outlet />
            </Suspense>
          </ErrorBoundary>
        </Content>
      </Frame>
    </RealtimeProvider>
  );
}

/** Every page's jobs are kept live by the one room of all that this account may see. */
function LiveJobs({ user }: { user: User }) {
  useRoom(user.role === 'member' ? `jobs:${user.id}` : 'jobs:all');
  return null;
}

/** A new page starts at its top; one that is gone back to stands where it was left, which the browser sees to. */
function useStartAtTop() {
  const { pathname } = useLocation();
  const kind = useNavigationType();
  useEffect(() => {
    if (kind !== NavigationType.Pop) window.scrollTo({ top: 0 });
  }, [pathname, kind]);
}
