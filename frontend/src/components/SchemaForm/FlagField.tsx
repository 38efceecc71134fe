import { styled } from '@mui/material/styles';
import { useId } from 'react';
import { controlProps, FieldLabel, FieldNotes } from '../Field';
import { CheckBox } from '../inputs';
import { useErrorsAt } from './formContext';
import type { FlagNode } from './formNode';

const Box = styled('div')(({ theme }) => ({
  display: 'grid',
  gridTemplateColumns: 'auto minmax(0, 1fr)',
  gap: theme.spacing(0.5, 2.5),
  '& > input': { marginTop: theme.spacing(0.5) },
  '& > :not(input, label)': { gridColumn: 2 },
}));

interface FlagFieldProps {
  node: FlagNode;
  value: boolean;
  path: string;
  onChange: (value: boolean) => void;
}

export function FlagField({ node, value, path, onChange }: FlagFieldProps) {
  const id = useId();
  const errors = useErrorsAt(path);
  return (
    <Box>
      <CheckBox
        {...controlProps(id, node.description, errors)}
        type="checkbox"
        name={path}
        checked={value}
        onChange={(event) => {
          onChange(event.target.checked);
        }}
      />
      <FieldLabel htmlFor={id}>{node.title}</FieldLabel>
      <FieldNotes id={id} description={node.description} errors={errors} />
    </Box>
  );
}
