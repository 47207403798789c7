/** The choice is a cookie: the server writes it into the page, so nothing flashes. */

import { $$ } from './dom.js';

const YEAR = 31_536_000;

function choose(theme) {
  if (theme === 'auto') document.documentElement.removeAttribute('data-theme');
  else document.documentElement.dataset.theme = theme;
  const age = theme === 'auto' ? 0 : YEAR;
  const secure = location.protocol === 'https:' ? '; secure' : '';
  document.cookie = `theme=${theme}; path=/; max-age=${age}; samesite=lax${secure}`;
  for (const button of $$('[data-theme-set]')) {
    button.setAttribute('aria-pressed', button.dataset.themeSet === theme);
  }
}

export function start() {
  document.addEventListener('click', (event) => {
    const button = event.target.closest('[data-theme-set]');
    if (button) choose(button.dataset.themeSet);
  });
}
