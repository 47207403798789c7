/** Settings pages: lists of addresses as tokens, and what is not saved yet. */

import { $, $$ } from './dom.js';
import { tokens } from './tokens.js';

/** What a form would send; the token stands in all of them. */
const content = (form) => new URLSearchParams(new FormData(form)).toString();

function watch(form) {
  const saved = content(form);
  const note = $('[data-unsaved-text]', form);
  const reset = $('[data-unsaved-reset]', form);
  const show = () => {
    const changed = content(form) !== saved;
    note.hidden = reset.hidden = !changed;
  };
  form.addEventListener('input', show);
  form.addEventListener('change', show);
  // The fields get their former values after the event.
  form.addEventListener('reset', () => setTimeout(show));
}

for (const field of $$('textarea[data-tokens]')) tokens(field);
for (const form of $$('form[data-unsaved]')) watch(form);
