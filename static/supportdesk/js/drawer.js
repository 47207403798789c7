/**
 * The visitor card as a drawer, on screens that have no room for it beside.
 *
 * While it is open the rest of the page cannot be reached, and the back button closes
 * it, as on a phone one would expect.
 */

import { $, $$ } from './dom.js';

const wide = matchMedia('(min-width: 1200px)');

let opener = null;
let covered = [];

const opened = () => $('[data-open]');

/** Everything beside the drawer, all the way up. */
function coverOthers(drawer) {
  for (let inside = drawer; inside.parentElement; inside = inside.parentElement) {
    const others = [...inside.parentElement.children].filter(
      (other) => other !== inside && !other.inert && !other.matches('.scrim, .toasts, script'),
    );
    others.forEach((other) => (other.inert = true));
    covered.push(...others);
    if (inside.parentElement === document.body) return;
  }
}

function open(drawer) {
  if (opened() || wide.matches) return;
  opener = document.activeElement;
  drawer.setAttribute('data-open', '');
  coverOthers(drawer);
  history.pushState({ ...history.state, drawer: true }, '');
  focusIn(drawer);
}

/** What only begins to become visible takes no focus yet. */
function focusIn(drawer) {
  if (opened() !== drawer || drawer.contains(document.activeElement)) return;
  $('[data-drawer-close]', drawer)?.focus();
  requestAnimationFrame(() => focusIn(drawer));
}

function close() {
  opened()?.removeAttribute('data-open');
  covered.forEach((other) => (other.inert = false));
  covered = [];
  if (opener?.isConnected) opener.focus();
  opener = null;
}

let leaving = false;

export function closeDrawer() {
  if (!opened()) return false;
  close();
  // Its step in the history goes with it; `onBack` hears of that.
  leaving = Boolean(history.state?.drawer);
  if (leaving) history.back();
  return true;
}

/** Close it because something else takes its place: the history goes on from here. */
export const dropDrawer = () => opened() && close();

/** Before htmx hears of it: neither of these steps leads to another page. */
function onBack(event) {
  if (!leaving && (!opened() || event.state?.drawer)) return;
  event.stopImmediatePropagation();
  if (!leaving) close();
  leaving = false;
}

/** Round and round within the drawer: the browser's own bars are not part of the page. */
function keepFocus(event) {
  const drawer = event.key === 'Tab' && opened();
  if (!drawer) return;
  const stops = $$('a[href], button, input, textarea, summary, [tabindex="0"]', drawer).filter(
    (stop) => !stop.disabled && stop.type !== 'hidden' && stop.checkVisibility(),
  );
  const at = stops.indexOf(document.activeElement);
  const next = event.shiftKey ? (at < 0 ? -1 : at - 1) : (at + 1) % stops.length;
  event.preventDefault();
  stops.at(next)?.focus();
}

export function start() {
  addEventListener('popstate', onBack, { capture: true });
  wide.addEventListener('change', () => wide.matches && closeDrawer());
  // A card that was swapped comes closed.
  document.addEventListener('htmx:afterSettle', () => covered.length && !opened() && close());
  document.addEventListener('keydown', keepFocus);
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
