/** The search above the list: what is a link or a plain form without this script. */

import { $, $$, inboxPath } from './dom.js';
import { list, selectedId } from './rows.js';

const COUNT_AGAIN = 60_000;

function togglePanel(button) {
  const panel = $('#advanced');
  if (!panel) return;
  panel.hidden = !panel.hidden;
  button.setAttribute('aria-expanded', String(!panel.hidden));
  if (!panel.hidden) $('input', panel)?.focus();
}

function showForm(link) {
  const form = $('#search');
  if (!form) return;
  form.hidden = false;
  link.hidden = true;
  $('#q', form)?.focus();
}

/** An address without empty fields, beside the conversation that is open. */
function shorten({ detail }) {
  if (detail.elt.id !== 'search') return;
  const { formData } = detail;
  for (const name of new Set(formData.keys())) {
    const values = formData.getAll(name).filter((value) => value !== '');
    formData.delete(name);
    for (const value of values) formData.append(name, value);
  }
  if (!formData.has('tag')) formData.delete('tags');
  const id = selectedId();
  detail.path = id ? `${inboxPath()}conversations/${id}/` : inboxPath();
}

/** The view that the list shows now, in the sidebar, which stays as it is. */
function markView() {
  const shown = list()?.dataset.query;
  if (shown === undefined) return;
  for (const link of $$('[data-view-query]')) {
    if (link.dataset.viewQuery === shown) link.setAttribute('aria-current', 'true');
    else link.removeAttribute('aria-current');
  }
}

function countViews() {
  const views = $('#views');
  if (views?.checkVisibility() && document.visibilityState === 'visible') {
    window.htmx?.trigger(views, 'recount');
  }
}

export function start() {
  document.addEventListener('click', (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    const button = event.target.closest('[data-search-panel]');
    const link = event.target.closest('[data-search-show]');
    if (!button && !link) return;
    event.preventDefault();
    if (button) togglePanel(button);
    else showForm(link);
  });
  // A button is pressed by the space bar, too.
  document.addEventListener('keydown', (event) => {
    if (event.key !== ' ' || !event.target.matches?.('[data-search-panel]')) return;
    event.preventDefault();
    togglePanel(event.target);
  });
  document.addEventListener('htmx:configRequest', shorten);
  document.addEventListener('htmx:afterSettle', markView);
  setInterval(countViews, COUNT_AGAIN);
}
