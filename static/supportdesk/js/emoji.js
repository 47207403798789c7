/** A small emoji picker for the composer; arrows move, Enter takes, Escape closes. */

import { $, $$, element, text } from './dom.js';

const GROUPS = {
  smileys: '😀 😃 😄 😁 😅 😂 🙂 🙃 😉 😊 😍 😘 😎 🤔 😐 😕 🙁 😟 😢 😭 😮 😳 😬 😴',
  gestures: '👍 👎 👌 🙏 👏 🙌 💪 👋 🤝 ✌️ 👀 🤞 👉 👆 ✅ ❌',
  hearts: '❤️ 🧡 💛 💚 💙 💜 💯 ✨ 🎉 🎁 🎂 🌟 🔥 ☀️ 🌈 🍀',
  things: '📦 🚚 🛒 💳 🧾 📞 📧 📎 📷 📅 ⏰ 🔧 🔍 🔑 🏠 ❓',
};
const COLUMNS = 8;

let field = null;
let opener = null;

function build() {
  const panel = element('div', 'emoji');
  panel.id = 'emoji';
  panel.popover = 'auto';
  panel.setAttribute('role', 'dialog');
  panel.setAttribute('aria-label', text('emoji'));
  for (const [name, list] of Object.entries(GROUPS)) {
    const group = element('div', 'emoji__group');
    group.setAttribute('role', 'group');
    group.setAttribute('aria-label', text(`emoji-${name}`));
    for (const character of list.split(' ')) {
      const button = element('button', 'emoji__item', character);
      button.type = 'button';
      button.tabIndex = -1;
      group.append(button);
    }
    panel.append(group);
  }
  panel.addEventListener('click', ({ target }) => {
    if (target.matches('.emoji__item')) take(target.textContent);
  });
  panel.addEventListener('keydown', move);
  panel.addEventListener('toggle', (event) => {
    opener?.setAttribute('aria-expanded', event.newState === 'open');
  });
  document.body.append(panel);
  return panel;
}

function take(character) {
  $('#emoji').hidePopover();
  field.focus();
  field.setRangeText(character, field.selectionStart, field.selectionEnd, 'end');
  field.dispatchEvent(new Event('input', { bubbles: true }));
}

function move(event) {
  const items = $$('.emoji__item', event.currentTarget);
  const at = items.indexOf(document.activeElement);
  const to = {
    ArrowRight: at + 1,
    ArrowLeft: at - 1,
    ArrowDown: at + COLUMNS,
    ArrowUp: at - COLUMNS,
    Home: 0,
    End: items.length - 1,
  }[event.key];
  if (to === undefined) return;
  event.preventDefault();
  focus(items, Math.max(0, Math.min(items.length - 1, to)));
}

function focus(items, index) {
  for (const item of items) item.tabIndex = -1;
  items[index].tabIndex = 0;
  items[index].focus();
}

export function start() {
  document.addEventListener('click', (event) => {
    const button = event.target.closest('[data-emoji]');
    if (!button) return;
    opener = button;
    field = $('.composer__text', button.closest('form'));
    const panel = $('#emoji') ?? build();
    panel.togglePopover();
    if (!panel.matches(':popover-open')) return;
    // Through the object model, which the page's policy allows, unlike `style="…"`.
    const place = button.getBoundingClientRect();
    panel.style.insetBlockEnd = `${innerHeight - place.top + 6}px`;
    panel.style.insetInlineStart = `${Math.min(place.left, innerWidth - panel.offsetWidth - 8)}px`;
    focus($$('.emoji__item', panel), 0);
  });
}
