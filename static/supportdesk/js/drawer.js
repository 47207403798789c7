/** The visitor card as a drawer, on screens that have no room for it beside. */

import { $ } from './dom.js';

let opener = null;

function open(drawer) {
  opener = document.activeElement;
  drawer.setAttribute('data-open', '');
  $('[data-drawer-close]', drawer)?.focus();
}

export function closeDrawer() {
  const drawer = $('[data-open]');
  if (!drawer) return false;
  drawer.removeAttribute('data-open');
  if (opener?.isConnected) opener.focus();
  opener = null;
  return true;
}

export function start() {
  document.addEventListener('click', (event) => {
    const opening = event.target.closest('[data-drawer-open]');
    const drawer = opening && $(opening.dataset.drawerOpen || '#visitor-card');
    if (drawer) {
      event.preventDefault();
      open(drawer);
    } else if (event.target.closest('[data-drawer-close]') && closeDrawer()) {
      event.preventDefault();
    }
  });
}
