import { useEffect, useRef, useState } from 'react';
import { asApiError } from '../../api/errors';
import { uploadFile } from '../../api/files';
import { bytesText } from '../bytesText';
import type { FileNode } from './formNode';

export type Upload =
  | { step: 'none' }
  | { step: 'sending'; file: File; fraction: number }
  | { step: 'stored'; file: File }
  | { step: 'refused'; file: File; reason: string };

interface UploadActions {
  upload: Upload;
  start: (file: File) => void;
  /** Stops what is on its way, and lets go of what was stored. */
  clear: () => void;
}

export function useUpload(node: FileNode, onStored: (fileId: string) => void): UploadActions {
  const [upload, setUpload] = useState<Upload>({ step: 'none' });
  const running = useRef<AbortController>(null);
  useEffect(
    () => () => {
      running.current?.abort();
    },
    [],
  );
  const clear = () => {
    running.current?.abort();
    onStored('');
    setUpload({ step: 'none' });
  };
  const start = (file: File) => {
    running.current?.abort();
    onStored('');
    const reason = refusal(node, file);
    if (reason) {
      setUpload({ step: 'refused', file, reason });
      return;
    }
    const control = new AbortController();
    running.current = control;
    const show = (next: Upload) => {
      if (!control.signal.aborted) setUpload(next);
    };
    show({ step: 'sending', file, fraction: 0 });
    const onProgress = (fraction: number) => {
      show({ step: 'sending', file, fraction });
    };
    uploadFile(file, { onProgress, signal: control.signal }).then(
      (stored) => {
        if (control.signal.aborted) return;
        // The server looks into the file, whatever its name says.
        const reason = wrongType(node, stored.content_type);
        if (!reason) onStored(stored.id);
        show(reason ? { step: 'refused', file, reason } : { step: 'stored', file });
      },
      (problem: unknown) => {
        const { message, fields } = asApiError(problem);
        show({ step: 'refused', file, reason: fields.file?.join(' ') ?? message });
      },
    );
  };
  return { upload, start, clear };
}

/** Said before megabytes are sent in vain; the server checks again by the bytes. */
function refusal(node: FileNode, file: File): string | null {
  if (file.size === 0) return 'This file is empty. Choose another one.';
  if (node.maxBytes !== undefined && file.size > node.maxBytes) {
    return `This file has ${bytesText(file.size)}; at most ${bytesText(node.maxBytes)} are taken.`;
  }
  return file.type === '' ? null : wrongType(node, file.type);
}

function wrongType({ accept }: FileNode, type: string): string | null {
  if (accept.length === 0 || isAccepted(accept, type)) return null;
  return `This is ${/^[aeiou]/.test(type) ? 'an' : 'a'} ${type} file. Choose one of: ${acceptText(accept)}.`;
}

function isAccepted(accept: readonly string[], type: string): boolean {
  return accept.some((each) =>
    each.endsWith('/*') ? type.startsWith(each.slice(0, -1)) : each === type,
  );
}

/** "image/svg+xml" is read as "SVG". */
export function acceptText(accept: readonly string[]): string {
  const words = accept.map((type) => {
    const kind = type.split('/').at(-1)?.split('+')[0]?.replace(/^x-/, '') ?? type;
    return kind === '*' ? `any ${type.split('/')[0] ?? ''}` : kind.toUpperCase();
  });
  return [...new Set(words)].join(', ');
}
