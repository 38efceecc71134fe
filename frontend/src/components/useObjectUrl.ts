import { useEffect, useState } from 'react';

/** An address for bytes that are held here, given back when they leave the screen. */
export function useObjectUrl(content: Blob | null): string | null {
  const [held, setHeld] = useState<{ content: Blob; url: string } | null>(null);
  useEffect(() => {
    if (!content) return undefined;
    const url = URL.createObjectURL(content);
    // The address is a resource to be given back, so it can only be made where it is also released.
    // eslint-disable-next-line react-hooks/set-state-in-effect
    setHeld({ content, url });
    return () => {
      URL.revokeObjectURL(url);
    };
  }, [content]);
  return held !== null && held.content === content ? held.url : null;
}
