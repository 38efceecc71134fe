import Button from '@mui/material/Button';
import { styled } from '@mui/material/styles';
import type { ReactNode } from 'react';
import { useRef } from 'react';
import { ApiError } from '../../api/errors';
import { Notice } from '../../components/Notice';
import { useFocusFirstError } from '../../components/useFocusFirstError';

const Form = styled('form')(({ theme }) => ({
  display: 'grid',
  gap: theme.spacing(4),
  '& h1': { ...theme.typography.h1, margin: 0 },
  '& p': { ...theme.typography.body2, margin: 0, color: theme.vars.palette.text.secondary },
  '& button': { marginTop: theme.spacing(1) },
}));

interface AuthFormProps {
  title: string;
  submit: string;
  pending: boolean;
  problem: Error | null;
  onSubmit: (values: Record<string, string>) => void;
  /** The names that have a field of their own to show their errors. */
  fields: readonly string[];
  intro?: ReactNode;
  children: ReactNode;
  footer?: ReactNode;
}

export function AuthForm(props: AuthFormProps) {
  const form = useRef<HTMLFormElement>(null);
  useFocusFirstError(form, props.problem);
  const send = (event: React.SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    props.onSubmit(textValues(new FormData(event.currentTarget)));
  };
  return (
    <Form ref={form} onSubmit={send} noValidate>
      <h1>{props.title}</h1>
      {props.intro && <p>{props.intro}</p>}
      {props.problem && !isShownByFields(props.problem, props.fields) && (
        <Notice tone="failure">{props.problem.message}</Notice>
      )}
      {props.children}
      <Button type="submit" variant="contained" color="primary" disabled={props.pending}>
        {props.submit}
      </Button>
      {props.footer && <p>{props.footer}</p>}
    </Form>
  );
}

function textValues(data: FormData): Record<string, string> {
  const entries = [...data].filter((entry): entry is [string, string] => {
    return typeof entry[1] === 'string';
  });
  return Object.fromEntries(entries);
}

function isShownByFields(problem: Error, fields: readonly string[]): boolean {
  if (!(problem instanceof ApiError)) return false;
  const wrong = Object.keys(problem.fields);
  return wrong.length > 0 && wrong.every((name) => fields.includes(name));
}

export function errorsOf(problem: Error | null, field: string): readonly string[] {
  return problem instanceof ApiError ? (problem.fields[field] ?? []) : [];
}
