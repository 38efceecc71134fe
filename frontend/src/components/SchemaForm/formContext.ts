import { createContext, useContext } from 'react';
import type { FieldErrors } from '../../api/errors';

interface FormState {
  errors: FieldErrors;
  uploading: (id: string, isUploading: boolean) => void;
}

export const FormContext = createContext<FormState>({
  errors: {},
  uploading: () => undefined,
});

export function useErrorsAt(path: string): readonly string[] {
  return useContext(FormContext).errors[path] ?? NONE;
}

export function useUploading(): FormState['uploading'] {
  return useContext(FormContext).uploading;
}

const NONE: readonly string[] = [];
