import { styled } from '@mui/material/styles';
import type { ReactNode } from 'react';
import { useId } from 'react';
import { FieldLabel, FieldNotes } from '../Field';
import { AnyField } from './AnyField';
import { useErrorsAt } from './formContext';
import type { GroupNode } from './formNode';
import type { FormGroup, FormValue } from './formValue';

const Stack = styled('div')(({ theme }) => ({
  display: 'grid',
  gap: theme.spacing(5),
  // Short fields of a small group stand side by side.
  '[data-compact] > &': {
    gap: theme.spacing(3),
    gridTemplateColumns: 'repeat(auto-fit, minmax(min(10rem, 100%), 1fr))',
    alignItems: 'start',
  },
}));

const Frame = styled('div')(({ theme }) => ({
  display: 'grid',
  gap: theme.spacing(3),
  minWidth: 0,
  padding: theme.spacing(3, 4, 4),
  border: `1px solid ${theme.vars.palette.line}`,
  borderRadius: theme.vars.shape.borderRadius,
  backgroundColor: theme.vars.palette.sunken,
  '&[data-invalid]': { borderColor: theme.vars.palette.state.failed.main },
}));

const Head = styled('div')(({ theme }) => ({
  display: 'flex',
  alignItems: 'center',
  justifyContent: 'space-between',
  minHeight: theme.size.controlSmall,
  margin: theme.spacing(0, -2, -1, 0),
}));

interface GroupProps {
  node: GroupNode;
  value: FormGroup;
  path: string;
  onChange: (value: FormGroup, path: string) => void;
}

const FEW = 4;

interface GroupFieldProps extends GroupProps {
  action?: ReactNode;
}

export function GroupField({ node, value, path, onChange, action }: GroupFieldProps) {
  const id = useId();
  const errors = useErrorsAt(path);
  const isCompact =
    node.fields.length <= FEW &&
    node.fields.every(
      ({ node: { kind } }) => kind === 'text' || kind === 'number' || kind === 'choice',
    );
  return (
    <Frame
      role="group"
      aria-labelledby={id}
      data-compact={isCompact || undefined}
      {...(errors.length > 0 && { 'data-invalid': true, tabIndex: -1 })}
    >
      <Head>
        <FieldLabel as="span" id={id}>
          {node.title}
        </FieldLabel>
        {action}
      </Head>
      <FieldNotes id={id} description={node.description} errors={errors} />
      <Fields node={node} value={value} path={path} onChange={onChange} />
    </Frame>
  );
}

/** The fields of a group without a frame around them. */
export function Fields({ node, value, path, onChange }: GroupProps) {
  return (
    <Stack>
      {node.fields.map(({ name, node: field }) => (
        <AnyField
          key={name}
          node={field}
          value={value[name] ?? ''}
          path={path === '' ? name : `${path}.${name}`}
          onChange={(next: FormValue, changed) => {
            onChange({ ...value, [name]: next }, changed);
          }}
        />
      ))}
    </Stack>
  );
}
