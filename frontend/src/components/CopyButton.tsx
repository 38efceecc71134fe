import Button from '@mui/material/Button';
import IconButton from '@mui/material/IconButton';
import { useEffect, useState } from 'react';
import { copyText } from './copyText';
import type { IconName } from './Icon';
import { Icon } from './Icon';

const ANSWER_SHOWN_MS = 1600;

type Answer = 'copied' | 'refused' | null;

interface CopyButtonProps {
  label: string;
  text: () => string;
  icon?: IconName;
  /** Shows the label as a word instead of the icon alone. */
  worded?: boolean;
}

/** Says on itself that it has copied, so no toast is needed. */
export function CopyButton({ label, text, icon = 'copy', worded = false }: CopyButtonProps) {
  const [answer, setAnswer] = useState<Answer>(null);
  useEffect(() => {
    if (!answer) return undefined;
    const timer = setTimeout(() => {
      setAnswer(null);
    }, ANSWER_SHOWN_MS);
    return () => {
      clearTimeout(timer);
    };
  }, [answer]);
  const copy = () => {
    void copyText(text()).then((copied) => {
      setAnswer(copied ? 'copied' : 'refused');
    });
  };
  const shown = <Icon name={answer === null ? icon : ANSWER_ICON[answer]} />;
  const word = answer === null ? label : ANSWER_WORD[answer];
  if (worded) {
    return (
      <Button onClick={copy} startIcon={shown} aria-live="polite">
        {word}
      </Button>
    );
  }
  return (
    <IconButton size="small" onClick={copy} aria-label={word} title={word}>
      {shown}
    </IconButton>
  );
}

const ANSWER_ICON = { copied: 'completed', refused: 'failed' } as const;
const ANSWER_WORD = { copied: 'Copied', refused: "Couldn't copy" } as const;
