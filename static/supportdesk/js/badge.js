/** What waits to be read, on the tab's icon and on that of the installed app. */

import { $ } from './dom.js';

let shown;

export function badge(number) {
  if (number === shown) return;
  shown = number;
  const link = $('link[rel=icon]');
  if (link?.dataset.unread) {
    link.dataset.plain ??= link.getAttribute('href');
    const href = number ? link.dataset.unread : link.dataset.plain;
    if (link.getAttribute('href') !== href) link.setAttribute('href', href);
  }
  // Only an installed app has one; elsewhere it is refused.
  const done = number ? navigator.setAppBadge?.(number) : navigator.clearAppBadge?.();
  done?.catch(() => {});
}
