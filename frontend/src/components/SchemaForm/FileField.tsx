import { styled } from '@mui/material/styles';
import type { DragEvent } from 'react';
import { useEffect, useId, useState } from 'react';
import { bytesText } from '../bytesText';
import { controlProps, FieldHint, FieldLabel, FieldNotes } from '../Field';
import { Icon } from '../Icon';
import { VisuallyHidden } from '../VisuallyHidden';
import { ChosenFile } from './ChosenFile';
import { useErrorsAt, useUploading } from './formContext';
import type { FileNode } from './formNode';
import { acceptText, useUpload } from './useUpload';

const Box = styled('div')(({ theme }) => ({
  position: 'relative',
  display: 'grid',
  gap: theme.spacing(1.25),
  minWidth: 0,
}));

const Zone = styled('label')(({ theme }) => ({
  ...theme.typography.body2,
  display: 'grid',
  justifyItems: 'center',
  gap: theme.spacing(1),
  padding: theme.spacing(6, 4),
  border: `1px dashed ${theme.vars.palette.lineStrong}`,
  borderRadius: theme.vars.shape.borderRadius,
  backgroundColor: theme.vars.palette.background.paper,
  textAlign: 'center',
  cursor: 'pointer',
  '& > svg': { color: theme.vars.palette.primary.main, marginBottom: theme.spacing(1) },
  '& u': { color: theme.vars.palette.primary.main, textUnderlineOffset: 3 },
  '&:hover, &[data-over]': {
    borderColor: theme.vars.palette.primary.main,
    backgroundColor: theme.vars.palette.accentSoft,
  },
  'input:focus-visible ~ &': { outline: `2px solid ${theme.vars.palette.primary.main}` },
  'input[aria-invalid] ~ &': { borderColor: theme.vars.palette.state.failed.main },
}));

interface FileFieldProps {
  node: FileNode;
  value: string;
  path: string;
  onChange: (value: string) => void;
}

/** Takes a file by choice or by drop, sends it at once, and keeps its id. */
export function FileField({ node, value, path, onChange }: FileFieldProps) {
  const id = useId();
  const fromServer = useErrorsAt(path);
  const uploading = useUploading();
  const { upload, start, clear } = useUpload(node, onChange);
  const [isOver, setOver] = useState(false);
  const errors = upload.step === 'refused' ? [upload.reason] : fromServer;
  const isSending = upload.step === 'sending';
  useEffect(() => {
    uploading(id, isSending);
    return () => {
      uploading(id, false);
    };
    // `uploading` is made anew with each form state; only the change of this upload is news.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [id, isSending]);
  const take = (files: FileList | null) => {
    const file = files?.[0];
    if (file) start(file);
  };
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    take(event.dataTransfer.files);
  };
  return (
    <Box
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => {
        setOver(false);
      }}
      onDrop={drop}
    >
      <FieldLabel id={`${id}-label`} htmlFor={id}>
        {node.title}
      </FieldLabel>
      <VisuallyHidden
        as="input"
        {...controlProps(id, node.description, errors)}
        {...{ type: 'file', accept: node.accept.join(',') }}
        aria-labelledby={`${id}-label`}
        onChange={(event) => {
          const input = event.target as unknown as HTMLInputElement;
          take(input.files);
          // Choosing the same file again must be heard too.
          input.value = '';
        }}
      />
      {upload.step === 'none' || (upload.step === 'stored' && value === '') ? (
        <Zone htmlFor={id} data-over={isOver || undefined}>
          <Icon name="upload" size="1.25rem" />
          <span>
            Drop a file here or <u>choose one</u>
          </span>
          {!node.description && <FieldHint>{limitsText(node)}</FieldHint>}
        </Zone>
      ) : (
        <ChosenFile upload={upload} inputId={id} onClear={clear} />
      )}
      <FieldNotes id={id} description={node.description} errors={errors} />
    </Box>
  );
}

function limitsText({ accept, maxBytes }: FileNode): string {
  const limits = [
    accept.length > 0 && acceptText(accept),
    maxBytes !== undefined && `up to ${bytesText(maxBytes)}`,
  ];
  return limits.filter(Boolean).join(', ');
}
