/** The admin's lists: choose all rows at once, and say how many are chosen. */

import { $, $$ } from './dom.js';

const list = $('[data-admin-list]');

function tell() {
  const boxes = $$('tbody .check', list);
  const chosen = boxes.filter((box) => box.checked).length;
  const all = $('[data-check-all]', list);
  if (all) {
    all.checked = chosen > 0 && chosen === boxes.length;
    all.indeterminate = chosen > 0 && chosen < boxes.length;
  }
  const words = $('[data-chosen]', list);
  if (words) words.textContent = chosen ? `, ${words.dataset.text.replace('{number}', chosen)}` : '';
}

if (list) {
  list.addEventListener('change', ({ target }) => {
    if (target.matches('[data-check-all]')) {
      for (const box of $$('tbody .check', list)) box.checked = target.checked;
    }
    tell();
  });
  tell();
}
