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

/** `{text, clientId}`; the id is there if it was on its way when the page was left. */
export const load = (conversation, mode) =>
  attempt(() => JSON.parse(localStorage.getItem(key(conversation, mode)))) ?? { text: '' };

export function save(conversation, mode, text, clientId) {
  attempt(() => {
    const name = key(conversation, mode);
    if (!text.trim()) localStorage.removeItem(name);
    else localStorage.setItem(name, JSON.stringify({ text: redact(text), clientId, at: Date.now() }));
  });
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
