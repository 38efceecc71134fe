import { ChoiceField } from './ChoiceField';
import { FileField } from './FileField';
import { FlagField } from './FlagField';
import type { FormNode } from './formNode';
import type { FormEntry, FormGroup, FormValue } from './formValue';
import { GroupField } from './GroupField';
import { ListField } from './ListField';
import { TextField } from './TextField';

export interface AnyFieldProps {
  node: FormNode;
  value: FormValue;
  path: string;
  onChange: (value: FormValue, path: string) => void;
}

/** One kind of node, one drawing. */
export function AnyField({ node, value, path, onChange }: AnyFieldProps) {
  const change = (next: FormValue) => {
    onChange(next, path);
  };
  switch (node.kind) {
    case 'text':
    case 'number':
    case 'json':
      return <TextField node={node} value={value as string} path={path} onChange={change} />;
    case 'flag':
      return <FlagField node={node} value={value as boolean} path={path} onChange={change} />;
    case 'choice':
      return <ChoiceField node={node} value={value as string} path={path} onChange={change} />;
    case 'file':
      return <FileField node={node} value={value as string} path={path} onChange={change} />;
    case 'list':
      return <ListField node={node} value={value as FormEntry[]} path={path} onChange={onChange} />;
    case 'group':
      return <GroupField node={node} value={value as FormGroup} path={path} onChange={onChange} />;
  }
}
