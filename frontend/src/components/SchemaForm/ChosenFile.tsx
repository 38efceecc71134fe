import Button from '@mui/material/Button';
import { styled } from '@mui/material/styles';
import { bytesText } from '../bytesText';
import { Icon } from '../Icon';
import { isPicture } from '../pictures';
import { ProgressBar } from '../ProgressBar';
import { useObjectUrl } from '../useObjectUrl';
import type { Upload } from './useUpload';

const Card = styled('div')(({ theme }) => ({
  display: 'grid',
  gridTemplateColumns: 'auto minmax(0, 1fr) auto',
  alignItems: 'center',
  gap: theme.spacing(3),
  padding: theme.spacing(2),
  border: `1px solid ${theme.vars.palette.line}`,
  borderRadius: theme.vars.shape.borderRadius,
  backgroundColor: theme.vars.palette.background.paper,
  'input[aria-invalid] ~ &': { borderColor: theme.vars.palette.state.failed.main },
}));

const Thumbnail = styled('div')(({ theme }) => ({
  display: 'grid',
  placeItems: 'center',
  width: theme.spacing(14),
  height: theme.spacing(14),
  overflow: 'hidden',
  borderRadius: theme.spacing(1.5),
  color: theme.vars.palette.text.secondary,
  backgroundColor: theme.vars.palette.sunken,
  '& > img': { width: '100%', height: '100%', objectFit: 'cover' },
}));

const About = styled('div')(({ theme }) => ({
  ...theme.typography.body2,
  display: 'grid',
  gap: theme.spacing(1),
  overflowWrap: 'anywhere',
  '& > span:last-of-type': {
    ...theme.typography.mono,
    color: theme.vars.palette.text.secondary,
  },
}));

interface ChosenFileProps {
  upload: Exclude<Upload, { step: 'none' }>;
  inputId: string;
  onClear: () => void;
}

export function ChosenFile({ upload, inputId, onClear }: ChosenFileProps) {
  const { file } = upload;
  const url = useObjectUrl(isPicture(file.type) ? file : null);
  return (
    <Card>
      <Thumbnail>{url ? <img src={url} alt="" /> : <Icon name="file" size="1.25rem" />}</Thumbnail>
      <About>
        <span>{file.name}</span>
        {upload.step === 'sending' && (
          <ProgressBar fraction={upload.fraction} label={`Upload of ${file.name}`} />
        )}
        <span role="status">{standing(upload)}</span>
      </About>
      {upload.step === 'refused' ? (
        <Button size="small" onClick={() => document.getElementById(inputId)?.click()}>
          Choose another
        </Button>
      ) : (
        <Button size="small" onClick={onClear}>
          {upload.step === 'sending' ? 'Cancel upload' : 'Remove'}
        </Button>
      )}
    </Card>
  );
}

function standing(upload: ChosenFileProps['upload']): string {
  const size = bytesText(upload.file.size);
  switch (upload.step) {
    case 'sending':
      return `${bytesText(upload.fraction * upload.file.size)} of ${size}`;
    case 'stored':
      return `${size}, uploaded`;
    case 'refused':
      return `${size}, not taken`;
  }
}
