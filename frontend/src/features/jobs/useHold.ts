import type { PointerEvent } from 'react';
import { useEffect, useRef, useState } from 'react';
import type { JobSummary } from '../../api/types';
import type { HeldRows } from './holdRows';
import { holdRows } from './holdRows';

/** A pointer that rests this long is aiming at nothing. */
const RESTS_AFTER_MS = 3000;
const SCROLLED_BEYOND_PX = 96;

interface Hold extends HeldRows {
  release: () => void;
  /** For the element around the rows. */
  watch: {
    onPointerMove: (event: PointerEvent) => void;
    onPointerLeave: () => void;
  };
}

/** Nothing moves under the pointer, nor while the reader is further down. */
export function useHold(current: readonly JobSummary[]): Hold {
  const [isAiming, setAiming] = useState(false);
  const isScrolled = useScrolled();
  const [frozen, setFrozen] = useState<readonly JobSummary[] | null>(null);
  const rest = useRef<ReturnType<typeof setTimeout>>(undefined);

  const isHeld = isAiming || isScrolled;
  if (isHeld && !frozen) setFrozen(current);
  if (!isHeld && frozen) setFrozen(null);

  useEffect(
    () => () => {
      clearTimeout(rest.current);
    },
    [],
  );
  const stopAiming = () => {
    clearTimeout(rest.current);
    setAiming(false);
  };
  return {
    ...holdRows(frozen, current),
    release: () => {
      setFrozen(current);
      window.scrollTo({ top: 0 });
    },
    watch: {
      onPointerMove: ({ pointerType }) => {
        if (pointerType !== 'mouse') return;
        setAiming(true);
        clearTimeout(rest.current);
        rest.current = setTimeout(stopAiming, RESTS_AFTER_MS);
      },
      onPointerLeave: stopAiming,
    },
  };
}

function useScrolled(): boolean {
  const [isScrolled, setScrolled] = useState(false);
  useEffect(() => {
    const look = () => {
      setScrolled(window.scrollY > SCROLLED_BEYOND_PX);
    };
    window.addEventListener('scroll', look, { passive: true });
    return () => {
      window.removeEventListener('scroll', look);
    };
  }, []);
  return isScrolled;
}
