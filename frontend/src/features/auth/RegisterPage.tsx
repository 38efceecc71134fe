import Link from '@mui/material/Link';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useEffect } from 'react';
import { Link as RouterLink, useLocation } from 'react-router';
import type { Setup } from '../../api/types';
import { Field } from '../../components/Field';
import { Input } from '../../components/inputs';
import { Notice } from '../../components/Notice';
import { ProblemState } from '../../components/ProblemState';
import { register, setupQuery } from './api';
import { AuthForm, errorsOf } from './AuthForm';

export function RegisterPage() {
  const setup = useQuery(setupQuery);
  useEffect(() => {
    document.title = 'Create account · Millrace';
  }, []);
  if (setup.isPending) return null;
  if (setup.isError) {
    return <ProblemState problem={setup.error} onRetry={() => void setup.refetch()} level={1} />;
  }
  return setup.data.first_account || setup.data.registration_open ? (
    <RegisterForm setup={setup.data} />
  ) : (
    <>
      <Notice tone="calm">
        Registering is closed on this server. Ask an admin for an account.
      </Notice>
      <SignInInstead />
    </>
  );
}

function RegisterForm({ setup }: { setup: Setup }) {
  const { mutate, isPending, error } = useMutation(register);
  const needsToken = setup.bootstrap_token_required;
  return (
    <AuthForm
      title={setup.first_account ? 'Create the first account' : 'Create your account'}
      submit="Create account"
      pending={isPending}
      problem={error}
      fields={['name', 'email', 'password', ...(needsToken ? ['bootstrap_token'] : [])]}
      onSubmit={({ name = '', email = '', password = '', bootstrap_token }) => {
        mutate({ name, email, password, ...(bootstrap_token && { bootstrap_token }) });
      }}
      intro={setup.first_account && 'It becomes the admin of this server.'}
      footer={!setup.first_account && <SignInInstead />}
    >
      <Field label="Name" errors={errorsOf(error, 'name')}>
        {(control) => <Input {...control} name="name" autoComplete="name" required />}
      </Field>
      <Field label="Email" errors={errorsOf(error, 'email')}>
        {(control) => (
          <Input {...control} name="email" type="email" autoComplete="username" required />
        )}
      </Field>
      <Field
        label="Password"
        description="At least 10 characters."
        errors={errorsOf(error, 'password')}
      >
        {(control) => (
          <Input
            {...control}
            name="password"
            type="password"
            autoComplete="new-password"
            required
          />
        )}
      </Field>
      {needsToken && (
        <Field
          label="Bootstrap token"
          description="The server printed it in its terminal when it started."
          errors={errorsOf(error, 'bootstrap_token')}
        >
          {(control) => (
            <Input {...control} name="bootstrap_token" autoComplete="off" spellCheck={false} />
          )}
        </Field>
      )}
    </AuthForm>
  );
}

function SignInInstead() {
  const { search } = useLocation();
  return (
    <>
      Have an account?{' '}
      <Link component={RouterLink} underline="always" to={`/sign-in${search}`}>
        Sign in instead
      </Link>
    </>
  );
}
