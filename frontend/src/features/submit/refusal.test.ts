import { describe, expect, it } from 'vitest';
import { ApiError } from '../../api/errors';
import { sortRefusal, withoutPlace } from './refusal';

const PLACES = ['', 'file_id', 'sizes', 'sizes.0', 'sizes.0.width'];
const ENVELOPE = ['type', 'tags', 'run_at'];

const refused = (fields: Record<string, string[]>) =>
  new ApiError({ code: 'invalid_payload', message: 'Look again.', status: 422, fields });

describe('a refusal', () => {
  it('puts each error at its place', () => {
    const problem = refused({
      'payload.sizes.0.width': ['Too wide.'],
      'tags.1': ['Too long.'],
      run_at: ['Lies in the past.'],
    });
    expect(sortRefusal(problem, PLACES, ENVELOPE)).toEqual({
      payload: { 'sizes.0.width': ['Too wide.'] },
      envelope: { tags: ['Too long.'], run_at: ['Lies in the past.'] },
      rest: [],
    });
  });

  it('tells on top what has no place', () => {
    const problem = refused({ 'payload.colour': ['Unknown field.'], payload: ['Too large.'] });
    expect(sortRefusal(problem, PLACES, ENVELOPE).rest).toEqual([
      'payload.colour: Unknown field.',
      'payload: Too large.',
    ]);
  });

  it('without fields is told in its own words', () => {
    expect(sortRefusal(refused({}), PLACES, ENVELOPE).rest).toEqual(['Look again.']);
    expect(sortRefusal(new Error('Away.'), PLACES, ENVELOPE).rest).toEqual(['Away.']);
  });

  it('lets go of an error when its place, or what lies around it, is changed', () => {
    const errors = { 'sizes.0.width': ['Too wide.'], sizes: ['Too many.'], size: ['No.'] };
    expect(withoutPlace(errors, 'sizes')).toEqual({ size: ['No.'] });
    expect(withoutPlace(errors, 'sizes.0.width')).not.toHaveProperty('sizes.0.width');
  });
});
