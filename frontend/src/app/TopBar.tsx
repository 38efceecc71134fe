import Button from '@mui/material/Button';
import { styled } from '@mui/material/styles';
import { Link, NavLink } from 'react-router';
import type { User } from '../api/types';
import { Icon } from '../components/Icon';
import { LivePill } from '../components/LivePill';
import { Sign } from '../components/Sign';
import { ThemeToggle } from '../components/ThemeToggle';
import { AccountMenu } from './AccountMenu';

const Bar = styled('header')(({ theme }) => ({
  position: 'sticky',
  top: 0,
  zIndex: theme.zIndex.appBar,
  display: 'flex',
  alignItems: 'center',
  gap: theme.spacing(2),
  height: theme.size.bar,
  padding: theme.spacing(0, 4, 0, 6),
  borderBottom: `1px solid ${theme.vars.palette.line}`,
  backgroundColor: theme.vars.palette.background.paper,
  [theme.breakpoints.down('sm')]: { padding: theme.spacing(0, 2, 0, 4), gap: theme.spacing(1) },
}));

const Home = styled(Link)(({ theme }) => ({
  ...theme.typography.subtitle1,
  display: 'flex',
  alignItems: 'center',
  gap: theme.spacing(2),
  marginRight: theme.spacing(4),
  fontWeight: theme.typography.fontWeightBold,
  letterSpacing: '-0.01em',
  color: theme.vars.palette.text.primary,
  textDecoration: 'none',
  [theme.breakpoints.down('sm')]: {
    marginRight: theme.spacing(1),
    '& > span': { display: 'none' },
  },
}));

const Nav = styled('nav')(({ theme }) => ({
  flex: 1,
  alignSelf: 'stretch',
  display: 'flex',
  gap: theme.spacing(1),
  '& a': {
    ...theme.typography.button,
    position: 'relative',
    display: 'flex',
    alignItems: 'center',
    padding: theme.spacing(0, 3),
    color: theme.vars.palette.text.secondary,
    textDecoration: 'none',
    '&:hover': { color: theme.vars.palette.text.primary },
    '&[aria-current]': { color: theme.vars.palette.text.primary },
    '&[aria-current]::after': {
      content: '""',
      position: 'absolute',
      insetInline: theme.spacing(3),
      bottom: -1,
      height: 2,
      backgroundColor: theme.vars.palette.primary.main,
    },
  },
}));

const NewJob = styled(Button)(({ theme }) => ({
  flex: 'none',
  marginLeft: theme.spacing(1),
  height: '2rem',
  padding: theme.spacing(0, 3),
  [theme.breakpoints.down('sm')]: {
    width: '2rem',
    padding: 0,
    '& > span:last-of-type': { fontSize: 0 },
    '& .MuiButton-startIcon': { margin: 0 },
  },
})) as typeof Button;

/** The pages there are, in the order of use. */
const PAGES = [{ to: '/jobs', title: 'Jobs' }] as const;

export function TopBar({ user }: { user: User }) {
  return (
    <Bar>
      <Home to="/" aria-label="Millrace">
        <Sign />
        <span>Millrace</span>
      </Home>
      <Nav aria-label="Main">
        {PAGES.map(({ to, title }) => (
          <NavLink key={to} to={to}>
            {title}
          </NavLink>
        ))}
      </Nav>
      <LivePill />
      {user.role !== 'viewer' && (
        <NewJob
          component={Link}
          to="/jobs/new"
          variant="contained"
          color="primary"
          aria-label="New job"
          startIcon={<Icon name="plus" />}
        >
          <span>New job</span>
        </NewJob>
      )}
      <ThemeToggle />
      <AccountMenu user={user} />
    </Bar>
  );
}
