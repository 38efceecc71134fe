import type { JobState } from '../api/types';
import type { IconName } from './Icon';

interface StateLook {
  word: string;
  icon: IconName;
  /** What it means for the one who waits. */
  meaning: string;
}

/** One look per state, on every chip, bar and line. Its colour is `palette.state[state]`. */
export const STATE_LOOK: Record<JobState, StateLook> = {
  scheduled: { word: 'Scheduled', icon: 'scheduled', meaning: 'Starts later' },
  queued: { word: 'Queued', icon: 'queued', meaning: 'Waits for a worker' },
  running: { word: 'Running', icon: 'running', meaning: 'A worker is on it' },
  retrying: { word: 'Retrying', icon: 'retrying', meaning: 'Failed, and is tried again' },
  completed: { word: 'Completed', icon: 'completed', meaning: 'Done' },
  failed: { word: 'Failed', icon: 'failed', meaning: 'Ended with an error' },
  cancelled: { word: 'Cancelled', icon: 'cancelled', meaning: 'Stopped by a person' },
};
