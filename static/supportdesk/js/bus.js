/**
 * What modules tell each other, so that none needs to import its listener:
 *
 * `socket:open` {again}, `socket:down`, `frame` (a frame of the socket),
 * `frame:<type>`, `selected` {id} (a conversation, or null), `content` {root}
 * (new elements are in the page), `entries` {added} (of the open thread), `page` {page,
 * since} (the inbox fetched anew, and the frames that came meanwhile), `read` {id},
 * `gone` {id}, `joined` {id, into} (a conversation went into another).
 */

const target = new EventTarget();

export const on = (name, listener) =>
  target.addEventListener(name, (event) => listener(event.detail));

export const emit = (name, detail = {}) =>
  target.dispatchEvent(new CustomEvent(name, { detail }));
