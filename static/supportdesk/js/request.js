/** Requests beside htmx's own: the same headers, the same way out when signed out. */

import { $ } from './dom.js';

export class RequestError extends Error {
  constructor(status) {
    super(`status ${status}`);
    this.status = status;
  }
}

function token() {
  const cookie = document.cookie.match(/(?:^|; )csrftoken=([^;]+)/)?.[1];
  return cookie ?? $('[name=csrfmiddlewaretoken]')?.value ?? '';
}

async function ask(url, options) {
  const response = await fetch(url, { credentials: 'same-origin', cache: 'no-store', ...options });
  const elsewhere = response.headers.get('HX-Redirect');
  if (elsewhere) {
    location.assign(elsewhere);
    throw new RequestError(401);
  }
  return response;
}

async function send(url, options) {
  const response = await ask(url, options);
  if (!response.ok) throw new RequestError(response.status);
  return response;
}

export const get = (url, target = '') =>
  send(url, { headers: { 'HX-Request': 'true', ...(target && { 'HX-Target': target }) } });

export const post = (url, data = {}) =>
  send(url, {
    method: 'POST',
    headers: { 'HX-Request': 'true', 'X-CSRFToken': token() },
    body: new URLSearchParams(data),
    keepalive: true,
  });

/** Send a form with its files; every answer of the desk is an answer, also a refusal. */
export async function postForm(url, body, patience) {
  const response = await ask(url, {
    method: 'POST',
    headers: { 'HX-Request': 'true', 'HX-Target': 'composer', 'X-CSRFToken': token() },
    body,
    signal: AbortSignal.timeout(patience),
  });
  return { status: response.status, html: await response.text() };
}
