import Button from '@mui/material/Button';
import IconButton from '@mui/material/IconButton';
import { styled } from '@mui/material/styles';
import { useEffect, useId, useRef } from 'react';
import { FieldLabel, FieldNotes } from '../Field';
import { Icon } from '../Icon';
import { AnyField } from './AnyField';
import { useErrorsAt } from './formContext';
import type { ListNode } from './formNode';
import type { FormEntry, FormGroup, FormValue } from './formValue';
import { newEntry } from './formValue';
import { GroupField } from './GroupField';

const Frame = styled('div')(({ theme }) => ({
  display: 'grid',
  gap: theme.spacing(2),
  minWidth: 0,
  outlineOffset: theme.spacing(1),
  '& > button': { justifySelf: 'start' },
}));

const Entry = styled('div')(({ theme }) => ({
  display: 'grid',
  gridTemplateColumns: 'minmax(0, 1fr) auto',
  alignItems: 'end',
  gap: theme.spacing(2),
}));

interface ListFieldProps {
  node: ListNode;
  value: FormEntry[];
  path: string;
  onChange: (value: FormEntry[], path: string) => void;
}

export function ListField({ node, value, path, onChange }: ListFieldProps) {
  const id = useId();
  const errors = useErrorsAt(path);
  const entries = useRef<HTMLDivElement>(null);
  const focusNext = useFocusLastEntry(entries, value.length);
  const changeEntry = (key: number) => (next: FormValue, changed: string) => {
    onChange(
      value.map((entry) => (entry.key === key ? { key, value: next } : entry)),
      changed,
    );
  };
  return (
    <Frame
      ref={entries}
      role="group"
      aria-labelledby={id}
      {...(errors.length > 0 && { 'data-invalid': true, tabIndex: -1 })}
    >
      <FieldLabel as="span" id={id}>
        {node.title}
      </FieldLabel>
      <FieldNotes id={id} description={node.description} errors={errors} />
      {value.map((entry, index) => (
        <ListEntry
          key={entry.key}
          node={node}
          entry={entry}
          index={index}
          path={`${path}.${index}`}
          mayRemove={value.length > node.min}
          onChange={changeEntry(entry.key)}
          onRemove={() => {
            onChange(
              value.filter((each) => each !== entry),
              path,
            );
          }}
        />
      ))}
      {value.length < node.max && (
        <Button
          size="small"
          startIcon={<Icon name="plus" size="0.875rem" />}
          onClick={() => {
            focusNext();
            onChange([...value, newEntry(node.item)], path);
          }}
        >
          Add {node.entry.toLowerCase()}
        </Button>
      )}
    </Frame>
  );
}

interface ListEntryProps {
  node: ListNode;
  entry: FormEntry;
  index: number;
  path: string;
  mayRemove: boolean;
  onChange: (value: FormValue, path: string) => void;
  onRemove: () => void;
}

function ListEntry({ node, entry, index, path, mayRemove, onChange, onRemove }: ListEntryProps) {
  const title = `${node.entry} ${index + 1}`;
  const remove = mayRemove && (
    <IconButton size="small" aria-label={`Remove ${title.toLowerCase()}`} onClick={onRemove}>
      <Icon name="remove" />
    </IconButton>
  );
  if (node.item.kind === 'group') {
    return (
      <GroupField
        node={{ ...node.item, title }}
        value={entry.value as FormGroup}
        path={path}
        onChange={onChange}
        action={remove}
      />
    );
  }
  return (
    <Entry>
      <AnyField
        node={{ ...node.item, title }}
        value={entry.value}
        path={path}
        onChange={onChange}
      />
      {remove}
    </Entry>
  );
}

/** Whoever adds an entry goes on by filling it in. */
function useFocusLastEntry(frame: React.RefObject<HTMLElement | null>, count: number): () => void {
  const isAsked = useRef(false);
  useEffect(() => {
    if (!isAsked.current) return;
    isAsked.current = false;
    const last = frame.current?.querySelector<HTMLElement>(
      ':scope > :nth-last-child(1 of :not(button)) :is(input, select, textarea)',
    );
    last?.focus();
  }, [frame, count]);
  return () => {
    isAsked.current = true;
  };
}
