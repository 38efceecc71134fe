import { styled } from '@mui/material/styles';
import { Navigate, Outlet, useSearchParams } from 'react-router';
import { useSession } from '../../api/useSession';
import { Sign } from '../../components/Sign';
import { ThemeToggle } from '../../components/ThemeToggle';
import { Race } from './Race';

const Frame = styled('div')(({ theme }) => ({
  position: 'relative',
  display: 'grid',
  gridTemplateRows: '1fr auto 1.4fr',
  justifyItems: 'center',
  minHeight: '100dvh',
  padding: theme.spacing(6, 4),
  overflow: 'hidden',
}));

const Corner = styled('div')(({ theme }) => ({
  position: 'absolute',
  top: theme.spacing(3),
  right: theme.spacing(3),
}));

const Card = styled('main')(({ theme }) => ({
  position: 'relative',
  gridRow: 2,
  display: 'grid',
  gap: theme.spacing(5),
  width: '100%',
  maxWidth: theme.spacing(96),
  padding: theme.spacing(8),
  border: `1px solid ${theme.vars.palette.line}`,
  borderRadius: theme.vars.shape.borderRadius,
  backgroundColor: theme.vars.palette.background.paper,
  [theme.breakpoints.down('sm')]: { padding: theme.spacing(6, 5) },
}));

const Brand = styled('div')(({ theme }) => ({
  ...theme.typography.subtitle1,
  fontWeight: theme.typography.fontWeightBold,
  display: 'flex',
  alignItems: 'center',
  gap: theme.spacing(2),
}));

/** Around the pages before the sign-in; whoever is signed in goes on to where they wanted. */
export function AuthLayout() {
  const state = useSession();
  const [query] = useSearchParams();
  if (state.status === 'signed_in') return <Navigate to={localPath(query.get('next'))} replace />;
  return (
    <Frame>
      <Race />
      <Corner>
        <ThemeToggle />
      </Corner>
      <Card>
        <Brand>
          <Sign />
          Millrace
        </Brand>
        <Outlet />
      </Card>
    </Frame>
  );
}

/** An address from outside must not lead away from this server. */
function localPath(wanted: string | null): string {
  return wanted?.startsWith('/') && !/^\/[/\\]/.test(wanted) ? wanted : '/jobs';
}
