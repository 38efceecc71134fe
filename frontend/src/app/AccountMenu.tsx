import Button from '@mui/material/Button';
import IconButton from '@mui/material/IconButton';
import { styled } from '@mui/material/styles';
import { useMutation } from '@tanstack/react-query';
import { session } from '../api/session';
import type { Role, User } from '../api/types';
import { Icon } from '../components/Icon';
import { Notice } from '../components/Notice';

const ROLE_WORD: Record<Role, string> = {
  viewer: 'Viewer',
  member: 'Member',
  operator: 'Operator',
  admin: 'Admin',
};

const MENU_ID = 'account-menu';

const Menu = styled('div')(({ theme }) => ({
  position: 'fixed',
  inset: 'auto',
  top: `calc(${theme.size.bar} + ${theme.spacing(1)})`,
  right: theme.spacing(4),
  width: theme.spacing(64),
  margin: 0,
  padding: theme.spacing(4),
  border: `1px solid ${theme.vars.palette.lineStrong}`,
  borderRadius: theme.vars.shape.borderRadius,
  color: theme.vars.palette.text.primary,
  backgroundColor: theme.vars.palette.background.paper,
  '&:popover-open': { display: 'grid', gap: theme.spacing(4) },
}));

const Who = styled('div')(({ theme }) => ({
  ...theme.typography.body2,
  display: 'grid',
  overflowWrap: 'anywhere',
  '& strong': { ...theme.typography.body1, fontWeight: theme.typography.fontWeightBold },
  '& span': { color: theme.vars.palette.text.secondary },
}));

/** The platform's popover: it closes by Esc and by a click beside it, and gives the focus back. */
export function AccountMenu({ user }: { user: User }) {
  const signOut = useMutation({ mutationFn: () => session.signOut() });
  return (
    <>
      <IconButton popoverTarget={MENU_ID} aria-label={`Account: ${user.name}`} title={user.name}>
        <Icon name="account" />
      </IconButton>
      <Menu id={MENU_ID} popover="auto" role="group" aria-label="Account">
        <Who>
          <strong>{user.name}</strong>
          <span>{user.email}</span>
          <span>{ROLE_WORD[user.role]}</span>
        </Who>
        {signOut.isError && <Notice tone="failure">{signOut.error.message}</Notice>}
        <Button
          disabled={signOut.isPending}
          onClick={() => {
            signOut.mutate();
          }}
        >
          Sign out
        </Button>
      </Menu>
    </>
  );
}
