import { Field } from '../Field';
import { Input, TextArea } from '../inputs';
import { useErrorsAt } from './formContext';
import type { JsonNode, NumberNode, TextNode } from './formNode';

interface TextFieldProps {
  node: TextNode | NumberNode | JsonNode;
  value: string;
  path: string;
  onChange: (value: string) => void;
}

export function TextField({ node, value, path, onChange }: TextFieldProps) {
  const errors = useErrorsAt(path);
  const isLong = node.kind === 'json' || (node.kind === 'text' && node.long);
  const shared = {
    name: path,
    value,
    required: node.required,
    onChange: (event: { target: { value: string } }) => {
      onChange(event.target.value);
    },
  };
  return (
    <Field
      label={node.title}
      description={node.description}
      errors={errors}
      optional={!node.required && node.preset === undefined}
    >
      {(control) =>
        isLong ? (
          <TextArea {...control} {...shared} rows={3} spellCheck={node.kind !== 'json'} />
        ) : (
          <Input {...control} {...shared} {...inputKind(node)} autoComplete="off" />
        )
      }
    </Field>
  );
}

/** Numbers are plain text with a number pad: a number input would swallow what it can't read. */
function inputKind(node: TextNode | NumberNode | JsonNode) {
  if (node.kind === 'number') {
    return { inputMode: node.integer ? ('numeric' as const) : ('decimal' as const) };
  }
  return { type: node.kind === 'text' && node.secret ? 'password' : 'text' };
}
