import Link from '@mui/material/Link';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useEffect } from 'react';
import { Link as RouterLink, Navigate, useLocation } from 'react-router';
import { Field } from '../../components/Field';
import { Input } from '../../components/inputs';
import { setupQuery, signIn } from './api';
import { AuthForm, errorsOf } from './AuthForm';

export function SignInPage() {
  const { search } = useLocation();
  const setup = useQuery(setupQuery);
  const { mutate, isPending, error } = useMutation(signIn);
  useEffect(() => {
    document.title = 'Sign in · Millrace';
  }, []);
  // On a fresh server there is nobody who could sign in.
  if (setup.data?.first_account) return <Navigate to={`/register${search}`} replace />;
  return (
    <AuthForm
      title="Sign in"
      submit="Sign in"
      pending={isPending}
      problem={error}
      fields={['email', 'password']}
      onSubmit={({ email = '', password = '' }) => {
        mutate({ email, password });
      }}
      footer={
        setup.data?.registration_open && (
          <>
            New here?{' '}
            <Link component={RouterLink} underline="always" to={`/register${search}`}>
              Create an account
            </Link>
          </>
        )
      }
    >
      <Field label="Email" errors={errorsOf(error, 'email')}>
        {(control) => (
          <Input {...control} name="email" type="email" autoComplete="username" required />
        )}
      </Field>
      <Field label="Password" errors={errorsOf(error, 'password')}>
        {(control) => (
          <Input
            {...control}
            name="password"
            type="password"
            autoComplete="current-password"
            required
          />
        )}
      </Field>
    </AuthForm>
  );
}
