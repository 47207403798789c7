/** What was begun and not sent: per agent, conversation and kind of message. */

import { redact } from '../../widget/redact.js';
import { me } from './dom.js';

const PREFIX = 'desk:draft:';
const KEPT = 30 * 86_400_000;

const key = (conversation, mode) => `${PREFIX}${me()}:${conversation}:${mode}`;

/** Storage may be full or forbidden; then a draft lives as long as its page. */
function attempt(run) {
  try {
    return run();
  } catch {
    return null;
  }
}

/**
 * `{text, clientId, seen, numbering}`: the id is there if it was on its way when the page
 * was left; `seen` is the last entry that stood in the thread when it was begun, by the
 * `numbering` of then.
 */
export const load = (conversation, mode) =>
  attempt(() => JSON.parse(localStorage.getItem(key(conversation, mode)))) ?? { text: '' };

export function save(conversation, mode, text, { clientId, seen, numbering } = {}) {
  attempt(() => {
    const name = key(conversation, mode);
    if (!text.trim()) return localStorage.removeItem(name);
    const draft = { text: redact(text), clientId, seen, numbering, at: Date.now() };
    localStorage.setItem(name, JSON.stringify(draft));
  });
}

/** To another conversation, after what was begun there. */
export function move(from, to) {
  for (const mode of ['reply', 'note']) {
    const texts = [load(to, mode).text, load(from, mode).text].filter((text) => text.trim());
    save(to, mode, texts.join('\n\n'));
    save(from, mode, '');
  }
}

export function forgetOld() {
  attempt(() => {
    for (const name of Object.keys(localStorage)) {
      if (!name.startsWith(PREFIX)) continue;
      const { at } = JSON.parse(localStorage.getItem(name));
      if (Date.now() - at > KEPT) localStorage.removeItem(name);
    }
  });
}
