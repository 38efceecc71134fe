import { CssBaseline } from '@mui/material';
import { ThemeProvider } from '@mui/material/styles';
import { render, screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { useState } from 'react';
import { describe, expect, it } from 'vitest';
import type { FieldErrors } from '../../api/errors';
import { theme } from '../../testTheme';
import { formNode, groupFrom, payloadFrom, SchemaForm } from './index';
import { PICTURE_SCHEMA } from './testSchema';

const node = formNode(PICTURE_SCHEMA);

function Form({ errors, seen }: { errors: FieldErrors; seen: (payload: unknown) => void }) {
  const [value, setValue] = useState(() => groupFrom(node, undefined));
  return (
    <ThemeProvider theme={theme}>
      <CssBaseline />
      <SchemaForm
        node={node}
        value={value}
        errors={errors}
        onUploading={() => undefined}
        onChange={(next) => {
          setValue(next);
          seen(payloadFrom(node, next));
        }}
      />
    </ThemeProvider>
  );
}

function draw(errors: FieldErrors = {}) {
  let payload: unknown = null;
  render(
    <Form
      errors={errors}
      seen={(next) => {
        payload = next;
      }}
    />,
  );
  return { user: userEvent.setup(), payload: () => payload };
}

describe('a form drawn from a schema', () => {
  it('labels every field by its title', () => {
    draw();
    for (const label of ['Picture', 'Width', 'Format', 'Quality', 'Strip', 'Name']) {
      expect(screen.getByLabelText(label)).toBeInTheDocument();
    }
    expect(screen.getByLabelText('Picture')).toHaveAttribute('type', 'file');
  });

  it('gives what was typed, chosen and ticked', async () => {
    const { user, payload } = draw();
    await user.clear(screen.getByLabelText('Quality'));
    await user.type(screen.getByLabelText('Quality'), '50');
    await user.selectOptions(screen.getByLabelText('Format'), 'webp');
    await user.click(screen.getByLabelText('Strip'));
    await user.type(screen.getByLabelText('Name'), 'Ada');
    expect(payload()).toMatchObject({
      quality: 50,
      format: 'webp',
      strip: false,
      contact: { name: 'Ada' },
    });
  });

  it('adds entries to a list, removes them, and keeps to its bounds', async () => {
    const { user, payload } = draw();
    const sizes = within(screen.getByRole('group', { name: 'Sizes' }));
    expect(sizes.queryByRole('button', { name: 'Remove size 1' })).not.toBeInTheDocument();
    await user.click(sizes.getByRole('button', { name: 'Add size' }));
    const second = within(sizes.getByRole('group', { name: 'Size 2' }));
    await user.type(second.getByLabelText('Width'), '64');
    await user.click(sizes.getByRole('button', { name: 'Remove size 1' }));
    expect(payload()).toMatchObject({ sizes: [{ width: 64 }] });

    await user.click(screen.getByRole('button', { name: 'Add word' }));
    await user.click(screen.getByRole('button', { name: 'Add word' }));
    expect(screen.queryByRole('button', { name: 'Add word' })).not.toBeInTheDocument();
  });

  it('shows an error beside the field it belongs to', () => {
    draw({ 'sizes.0.width': ['Give a width.'], sizes: ['Too many.'], file_id: ['Choose one.'] });
    const width = screen.getByLabelText('Width');
    expect(width).toBeInvalid();
    expect(width).toHaveAccessibleDescription('Give a width.');
    expect(screen.getByLabelText('Picture')).toHaveAccessibleDescription('Choose one.');
    expect(screen.getByText('Too many.')).toBeInTheDocument();
    expect(screen.getByLabelText('Quality')).toBeValid();
  });

  it('refuses a file of another type or size before it is sent', async () => {
    const { payload } = draw();
    const user = userEvent.setup({ applyAccept: false });
    const picture = screen.getByLabelText('Picture');
    await user.upload(picture, new File(['words'], 'notes.txt', { type: 'text/plain' }));
    expect(picture).toHaveAccessibleDescription('This is a text/plain file. Choose one of: PNG.');
    await user.upload(picture, new File(['x'.repeat(1200)], 'big.png', { type: 'image/png' }));
    expect(picture).toHaveAccessibleDescription(/1\.2 kB; at most 1\.0 kB/);
    expect(payload()).not.toHaveProperty('file_id');
  });
});
