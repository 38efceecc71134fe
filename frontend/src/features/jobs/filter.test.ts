import { describe, expect, it } from 'vitest';
import { filterFrom, isFiltered, toggled, withValues } from './filter';

describe('the filter in the address', () => {
  it('reads repeated names and leaves out what is no state or priority', () => {
    const query = new URLSearchParams(
      'state=failed&state=wrong&state=queued&priority=low&type=image',
    );
    expect(filterFrom(query)).toEqual({
      state: ['queued', 'failed'],
      priority: ['low'],
      type: ['image'],
    });
  });

  it('is empty for an address without one', () => {
    expect(isFiltered(filterFrom(new URLSearchParams('page=2')))).toBe(false);
  });

  it('changes one name and keeps the others', () => {
    const query = new URLSearchParams('state=failed&type=image');
    expect(withValues(query, 'state', toggled(['failed'], 'queued')).toString()).toBe(
      'type=image&state=failed&state=queued',
    );
    expect(withValues(query, 'state', toggled(['failed'], 'failed')).toString()).toBe('type=image');
  });
});
