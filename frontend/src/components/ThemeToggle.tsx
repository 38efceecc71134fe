import IconButton from '@mui/material/IconButton';
import { useColorScheme } from '@mui/material/styles';
import type { IconName } from './Icon';
import { Icon } from './Icon';

type Mode = 'system' | 'light' | 'dark';

const LOOK: Record<Mode, { icon: IconName; word: string; next: Mode }> = {
  system: { icon: 'system', word: "the system's", next: 'light' },
  light: { icon: 'sun', word: 'light', next: 'dark' },
  dark: { icon: 'moon', word: 'dark', next: 'system' },
};

/** Goes round: as the system has it, light, dark. The choice is remembered. */
export function ThemeToggle() {
  const { mode, setMode } = useColorScheme();
  const { icon, word, next } = LOOK[mode ?? 'system'];
  const label = `Theme: ${word}. Change to ${LOOK[next].word}`;
  return (
    <IconButton
      aria-label={label}
      title={label}
      onClick={() => {
        setMode(next);
      }}
    >
      <Icon name={icon} />
    </IconButton>
  );
}
