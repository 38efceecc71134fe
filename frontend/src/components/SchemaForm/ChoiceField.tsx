import { Field } from '../Field';
import { Select } from '../inputs';
import { useErrorsAt } from './formContext';
import type { ChoiceNode } from './formNode';

interface ChoiceFieldProps {
  node: ChoiceNode;
  value: string;
  path: string;
  onChange: (value: string) => void;
}

export function ChoiceField({ node, value, path, onChange }: ChoiceFieldProps) {
  const errors = useErrorsAt(path);
  const mayBeEmpty = !node.required && node.preset === undefined;
  return (
    <Field label={node.title} description={node.description} errors={errors} optional={mayBeEmpty}>
      {(control) => (
        <Select
          {...control}
          name={path}
          value={value}
          onChange={(event) => {
            onChange(event.target.value);
          }}
        >
          {(mayBeEmpty || value === '') && <option value="">Not set</option>}
          {node.options.map((option) => (
            <option key={option.value} value={String(option.value)}>
              {option.title}
            </option>
          ))}
        </Select>
      )}
    </Field>
  );
}
