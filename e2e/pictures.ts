/** Pictures that the tests make: a real photo, a text that calls itself one, and a photo that was cut off. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
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

/** The path of the first half of the photo: it begins like a picture and then ends. */
export function brokenPhotoPath(): string {
  const path = join(FOLDER, 'broken.jpg');
  const whole = readFileSync(photoPath());
  writeFileSync(path, whole.subarray(0, whole.length / 2));
  return path;
}
