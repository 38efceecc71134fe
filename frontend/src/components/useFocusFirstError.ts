import type { RefObject } from 'react';
import { useEffect } from 'react';

/** After a refusal, goes to the first place that has to be mended. `refusal` is a new object each time. */
export function useFocusFirstError(
  form: RefObject<HTMLElement | null>,
  refusal: object | null,
): void {
  useEffect(() => {
    if (!refusal) return;
    const wrong = form.current?.querySelector<HTMLElement>('[aria-invalid], [data-invalid]');
    wrong?.focus();
    wrong?.scrollIntoView({ block: 'center' });
  }, [form, refusal]);
}
