import { styled } from '@mui/material/styles';
import { useId } from 'react';
import type { Priority } from '../../api/types';
import { PRIORITIES } from '../../api/types';
import { FieldLabel } from '../../components/Field';
import { LaneMark, PRIORITY_WORD } from '../../components/PriorityMark';

const Group = styled('div')(({ theme }) => ({ display: 'grid', gap: theme.spacing(1.25) }));

const Lanes = styled('div')(({ theme }) => ({
  display: 'grid',
  gridTemplateColumns: 'repeat(4, minmax(0, 1fr))',
  border: `1px solid ${theme.vars.palette.lineStrong}`,
  borderRadius: theme.vars.shape.borderRadius,
  backgroundColor: theme.vars.palette.background.paper,
  overflow: 'hidden',
}));

const Lane = styled('label')(({ theme }) => ({
  ...theme.typography.body2,
  position: 'relative',
  display: 'flex',
  alignItems: 'center',
  justifyContent: 'center',
  gap: theme.spacing(2),
  height: `calc(${theme.size.control} - 2px)`,
  color: theme.vars.palette.text.secondary,
  cursor: 'pointer',
  '& + &': { borderLeft: `1px solid ${theme.vars.palette.line}` },
  '&:hover': { backgroundColor: theme.vars.palette.hover },
  '&:has(:checked)': {
    color: theme.vars.palette.text.primary,
    fontWeight: theme.typography.fontWeightBold,
    backgroundColor: theme.vars.palette.accentSoft,
  },
  '&:has(:focus-visible)': {
    outline: `2px solid ${theme.vars.palette.primary.main}`,
    outlineOffset: -2,
    borderRadius: theme.vars.shape.borderRadius,
  },
  '& > input': { position: 'absolute', inset: 0, margin: 0, opacity: 0, cursor: 'pointer' },
  [theme.breakpoints.down('sm')]: { gap: theme.spacing(1) },
}));

interface PriorityChoiceProps {
  value: Priority;
  onChange: (priority: Priority) => void;
}

export function PriorityChoice({ value, onChange }: PriorityChoiceProps) {
  const id = useId();
  return (
    <Group role="radiogroup" aria-labelledby={id}>
      <FieldLabel as="span" id={id}>
        Priority
      </FieldLabel>
      <Lanes>
        {PRIORITIES.map((priority) => (
          <Lane key={priority}>
            <input
              type="radio"
              name="priority"
              value={priority}
              checked={priority === value}
              onChange={() => {
                onChange(priority);
              }}
            />
            <LaneMark priority={priority} />
            {PRIORITY_WORD[priority]}
          </Lane>
        ))}
      </Lanes>
    </Group>
  );
}
