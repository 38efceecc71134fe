import { styled } from '@mui/material/styles';
import type { ReactNode } from 'react';
import { useId } from 'react';

const Box = styled('div')(({ theme }) => ({
  display: 'flex',
  flexDirection: 'column',
  gap: theme.spacing(1.25),
  minWidth: 0,
}));

const Head = styled('div')(({ theme }) => ({
  display: 'flex',
  justifyContent: 'space-between',
  gap: theme.spacing(2),
}));

export const FieldLabel = styled('label')(({ theme }) => ({
  ...theme.typography.body2,
  fontWeight: theme.typography.fontWeightBold,
}));

export const FieldHint = styled('span')(({ theme }) => ({
  ...theme.typography.caption,
  color: theme.vars.palette.text.secondary,
}));

const FieldError = styled('span')(({ theme }) => ({
  ...theme.typography.caption,
  color: theme.vars.palette.state.failed.main,
  overflowWrap: 'anywhere',
}));

/** What ties an input to its label, description and errors. */
export interface ControlProps {
  id: string;
  'aria-describedby'?: string;
  'aria-invalid'?: true;
}

interface FieldProps {
  label: string;
  description?: string | undefined;
  errors?: readonly string[] | undefined;
  optional?: boolean;
  /** Stands at the right of the label: a count, a unit. */
  aside?: ReactNode;
  children: (control: ControlProps) => ReactNode;
}

export function Field({
  label,
  description,
  errors = [],
  optional = false,
  aside,
  children,
}: FieldProps) {
  const id = useId();
  return (
    <Box>
      <Head>
        <FieldLabel htmlFor={id}>{label}</FieldLabel>
        {aside ?? (optional && <FieldHint>optional</FieldHint>)}
      </Head>
      {children(controlProps(id, description, errors))}
      <FieldNotes id={id} description={description} errors={errors} />
    </Box>
  );
}

interface FieldNotesProps {
  id: string;
  description: string | undefined;
  errors: readonly string[];
}

export function FieldNotes({ id, description, errors }: FieldNotesProps) {
  return (
    <>
      {errors.length > 0 && <FieldError id={`${id}-error`}>{errors.join(' ')}</FieldError>}
      {description && <FieldHint id={`${id}-hint`}>{description}</FieldHint>}
    </>
  );
}

export function controlProps(
  id: string,
  description: string | undefined,
  errors: readonly string[],
): ControlProps {
  const notes = [errors.length > 0 && `${id}-error`, description && `${id}-hint`].filter(Boolean);
  return {
    id,
    ...(notes.length > 0 && { 'aria-describedby': notes.join(' ') }),
    ...(errors.length > 0 && { 'aria-invalid': true }),
  };
}
