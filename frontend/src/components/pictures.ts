/** What a browser draws safely as a picture; SVG isn't among them, it could carry scripts. */
const PICTURES = new Set(['image/jpeg', 'image/png', 'image/webp', 'image/gif', 'image/avif']);

export function isPicture(contentType: string): boolean {
  return PICTURES.has(contentType);
}
