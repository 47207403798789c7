/** Numbers: in the tabs, the sidebar and the window's title. */

import { badge as iconBadge } from './badge.js';
import { on } from './bus.js';
import { $, $$ } from './dom.js';
import { unreadOf } from './rows.js';

const badge = () => $('#nav-unread');
const ids = () => new Set((badge()?.dataset.unreadIds ?? '').split(/\s+/).filter(Boolean));

// Beside names only numbers above zero are shown; tabs show their zero.
function write(selector, numberOf, { hideZero = false } = {}) {
  for (const place of $$(selector)) {
    const number = numberOf(place.dataset) ?? 0;
    place.textContent = number;
    if (hideZero) place.hidden = number === 0;
  }
}

function onCounts(counts) {
  write('[data-count]', ({ count }) => counts[count === 'open' ? 'all' : count]);
  write('[data-count-group]', ({ countGroup }) => counts.groups[countGroup], { hideZero: true });
  write('[data-count-agent]', ({ countAgent }) => counts.agents[countAgent], { hideZero: true });
}

function note(id, unread) {
  const now = ids();
  if (unread) now.add(id);
  else now.delete(id);
  if (badge()) badge().dataset.unreadIds = [...now].join(' ');
}

function show() {
  const now = ids();
  const place = badge();
  if (place) {
    place.hidden = now.size === 0;
    $('[data-number]', place).textContent = now.size;
  }
  const title = document.title.replace(/^\(\d+\) /, '');
  document.title = now.size ? `(${now.size}) ${title}` : title;
  iconBadge(now.size);
}

/** Numbers of a page fetched anew, into the one that is shown; then what came `since`. */
function onPage({ page, since }) {
  for (const name of ['data-count', 'data-count-group', 'data-count-agent']) {
    for (const place of $$(`[${name}]`)) {
      const fresh = $(`[${name}="${place.getAttribute(name)}"]`, page);
      if (!fresh) continue;
      place.textContent = fresh.textContent;
      place.hidden = fresh.hidden;
    }
  }
  const fresh = $('#nav-unread', page);
  if (fresh && badge()) badge().dataset.unreadIds = fresh.dataset.unreadIds;
  for (const frame of since) reactions[frame.type](frame);
  // Once and at the end: the page is older than what is shown, and would show for a moment.
  show();
}

const reactions = {
  counts: onCounts,
  conversation: (frame) =>
    note(frame.id, frame.status === 'open' && !frame.snoozed ? unreadOf(frame) : 0),
  gone: ({ id }) => note(id, 0),
};

export function start() {
  for (const [type, react] of Object.entries(reactions)) {
    on(`frame:${type}`, (frame) => {
      react(frame);
      show();
    });
  }
  on('page', onPage);
  on('read', ({ id }) => {
    note(id, 0);
    show();
  });
  // A swapped page brings its own title and badge.
  on('selected', show);
  show();
}
