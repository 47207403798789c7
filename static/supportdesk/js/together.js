/** Who of the team has the same conversation open, and who is writing in it. */

import { on } from './bus.js';
import { $, element, icon, text } from './dom.js';

const WRITING = 6_000;
const MAX_FACES = 3;

let shown = null;
let looking = [];
// By agent: what they write ("reply", "note"), and the timer that ends it.
const writing = new Map();

const current = () => $('#thread')?.dataset.conversation || null;

function list(names) {
  const { lang } = document.documentElement;
  return new Intl.ListFormat(lang, { type: 'conjunction' }).format(names);
}

/** Both places are the server's, who draws them anew and empty whenever it likes. */
function draw() {
  drawFaces();
  drawWriting();
}

function drawFaces() {
  const box = $('#together');
  const drawn = JSON.stringify(looking);
  if (!box || box.dataset.drawn === drawn) return;
  box.dataset.drawn = drawn;
  box.hidden = !looking.length;
  const names = list(looking.map(({ name }) => name));
  const said = looking.length ? text(looking.length > 1 ? 'look' : 'looks', { names }) : '';
  box.title = said;
  box.setAttribute('aria-label', said);
  const faces = looking.slice(0, MAX_FACES).map(face);
  const more = looking.length - faces.length;
  if (more) faces.push(element('span', 'together__more', `+${more}`));
  box.replaceChildren(icon('eye', 'icon icon--sm'), ...faces);
}

function face({ initials, hue }) {
  const made = element('span', 'avatar avatar--sm avatar--agent', initials);
  made.dataset.hue = hue;
  return made;
}

function drawWriting() {
  const line = $('#writing');
  if (!line) return;
  const said = sentence();
  if (line.textContent === said) return;
  const dots = element('span', 'writing__dots typing');
  dots.setAttribute('aria-hidden', 'true');
  dots.append(element('i'), element('i'), element('i'));
  line.replaceChildren(...(said ? [dots, element('span', '', said)] : []));
}

function sentence() {
  const people = looking.filter(({ id }) => writing.has(id));
  if (!people.length) return '';
  const names = list(people.map((person) => person.first_name));
  if (people.length > 1) return text('write', { names });
  return text(writing.get(people[0].id).kind === 'note' ? 'writes-note' : 'writes-reply', { names });
}

function stop(agent) {
  clearTimeout(writing.get(agent)?.timer);
  writing.delete(agent);
  drawWriting();
}

function onWriting({ id, agent, kind }) {
  if (id !== current()) return;
  stop(agent);
  if (kind) writing.set(agent, { kind, timer: setTimeout(stop, WRITING, agent) });
  drawWriting();
}

function onTogether(frame) {
  if (frame.id !== current()) return;
  looking = frame.looking;
  const ids = new Set(looking.map(({ id }) => id));
  for (const agent of [...writing.keys()]) if (!ids.has(agent)) stop(agent);
  draw();
}

/** What they wrote is there: they do not write it any more. */
function onEntries({ added }) {
  for (const { dataset } of added) {
    const author = dataset.author?.match(/^(?:agent|note)-(\d+)$/);
    if (author) stop(Number(author[1]));
  }
}

function forget() {
  looking = [];
  for (const agent of [...writing.keys()]) stop(agent);
  draw();
}

export function start() {
  on('frame:together', onTogether);
  on('frame:writing', onWriting);
  on('entries', onEntries);
  // Nobody knows until the connection is back, and says so.
  on('socket:down', forget);
  on('selected', ({ id }) => {
    if (id !== shown) forget();
    shown = id;
    draw();
  });
  on('content', draw);
  document.addEventListener('htmx:afterSettle', draw);
}
