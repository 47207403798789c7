/** Menus are `<details>`: closed by a click elsewhere, a choice, or Escape. */

import { $, $$ } from './dom.js';

export function closeMenu() {
  const menu = $$('details.menu[open]').at(-1);
  if (!menu) return false;
  menu.open = false;
  $('summary', menu)?.focus();
  return true;
}

function arrows(event) {
  const menu = event.target.closest?.('details.menu[open]');
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!menu || !step || event.defaultPrevented) return;
  const items = $$('.menu__panel :is(a[href], button, input):not([disabled], [hidden])', menu);
  if (!items.length || event.target.matches('input[type=search], input[type=text]')) return;
  event.preventDefault();
  const at = items.indexOf(document.activeElement);
  const next = at < 0 ? (step > 0 ? 0 : -1) : (at + step) % items.length;
  items.at(next).focus();
}

export function start() {
  document.addEventListener('click', ({ target }) => {
    for (const menu of $$('details.menu[open]')) {
      const chosen = target.closest('.menu__item') && !target.closest('label');
      if (!menu.contains(target) || chosen) menu.open = false;
    }
  });
  document.addEventListener('focusout', ({ target, relatedTarget }) => {
    const menu = target.closest?.('details.menu[open]');
    if (menu && relatedTarget && !menu.contains(relatedTarget)) menu.open = false;
  });
  document.addEventListener('keydown', arrows);
}
