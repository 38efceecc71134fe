/** Pictures that the tests make: a real photo, a text that calls itself one, and a photo that was cut off. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PYTHON } from './stack.ts';

const FOLDER = join(import.meta.dirname, 'test-results');

/** The path of a JPEG of several megabytes, upright only by its EXIF tag. */
export function photoPath(): string {
  const path = join(FOLDER, 'holiday.jpg');
  if (!existsSync(path)) {
    mkdirSync(FOLDER, { recursive: true });
    execFileSync(PYTHON, [join(import.meta.dirname, 'photo.py'), path]);
  }
  return path;
}

interface Upload {
  readonly name: string;
  readonly mimeType: string;
  readonly buffer: Buffer;
}

export const TEXT_AS_PICTURE: Upload = {
  name: 'notes.jpg',
  mimeType: 'image/jpeg',
  buffer: Buffer.from('This is no picture, whatever its name says.\n'.repeat(50)),
};

/** The first half of the photo: it begins like a picture and then ends. */
export function brokenPhoto(): Upload {
  const whole = readFileSync(photoPath());
  return {
    name: 'broken.jpg',
    mimeType: 'image/jpeg',
    buffer: whole.subarray(0, whole.length / 2),
  };
}
