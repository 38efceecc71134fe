import type { FieldErrors } from '../../api/errors';
import { FormContext } from './formContext';
import type { GroupNode } from './formNode';
import type { FormGroup } from './formValue';
import { Fields } from './GroupField';
import { useState } from 'react';

interface SchemaFormProps {
  node: GroupNode;
  value: FormGroup;
  /** `path` is the place that was changed. */
  onChange: (value: FormGroup, path: string) => void;
  /** By dotted path inside the payload. */
  errors: FieldErrors;
  onUploading: (isUploading: boolean) => void;
}

/** A form drawn from a payload's schema. It checks nothing that the server checks: one truth, one wording. */
export function SchemaForm({ node, value, onChange, errors, onUploading }: SchemaFormProps) {
  const [uploads] = useState(() => new Set<string>());
  const uploading = (id: string, isUploading: boolean) => {
    if (isUploading) uploads.add(id);
    else uploads.delete(id);
    onUploading(uploads.size > 0);
  };
  return (
    <FormContext value={{ errors, uploading }}>
      <Fields node={node} value={value} path="" onChange={onChange} />
    </FormContext>
  );
}
