/** The shapes that payload schemas have, in one. */
export const PICTURE_SCHEMA = {
  type: 'object',
  required: ['file_id', 'sizes', 'contact'],
  'x-order': ['file_id', 'sizes', 'format', 'quality', 'strip', 'words', 'contact', 'extra'],
  properties: {
    extra: { type: 'object' },
    contact: {
      type: 'object',
      title: 'Contact',
      required: ['name'],
      additionalProperties: false,
      properties: {
        name: { type: 'string', title: 'Name' },
        note: { type: ['string', 'null'], maxLength: 1000 },
      },
    },
    words: { type: 'array', title: 'Words', items: { type: 'string' }, maxItems: 2 },
    strip: { type: 'boolean', title: 'Strip', default: true },
    quality: { type: 'integer', title: 'Quality', default: 82, minimum: 1, maximum: 100 },
    format: {
      type: 'string',
      title: 'Format',
      enum: ['same', 'webp'],
      default: 'same',
      'x-enum-titles': { same: 'Same as before' },
    },
    sizes: {
      type: 'array',
      title: 'Sizes',
      minItems: 1,
      default: [{ width: 1600 }],
      items: {
        type: 'object',
        additionalProperties: false,
        properties: { width: { type: 'integer', title: 'Width' }, max_side: { type: 'number' } },
      },
    },
    file_id: {
      type: 'string',
      title: 'Picture',
      format: 'file-id',
      'x-accept': ['image/png'],
      'x-max-bytes': 1000,
    },
  },
};
