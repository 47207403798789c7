/** The dashboard's scripts: everything is bound to the document, so that what htmx
    swaps in works without being bound again. */

import * as alerts from './alerts.js';
import * as bulk from './bulk.js';
import * as canned from './canned.js';
import * as card from './card.js';
import * as composer from './composer.js';
import * as connection from './connection.js';
import * as counts from './counts.js';
import { app } from './dom.js';
import * as drawer from './drawer.js';
import * as emoji from './emoji.js';
import * as idle from './idle.js';
import * as keyboard from './keyboard.js';
import * as list from './list.js';
import * as mention from './mention.js';
import * as menus from './menus.js';
import * as notify from './notify.js';
import * as page from './page.js';
import * as presence from './presence.js';
import * as search from './search.js';
import { connect } from './socket.js';
import * as tags from './tags.js';
import * as theme from './theme.js';
import * as thread from './thread.js';
import * as together from './together.js';

for (const part of [page, theme, menus, drawer, emoji, keyboard, tags]) part.start();

if (app()?.dataset.agent && app().dataset.socket) {
  for (const part of [
    ...[connection, list, bulk, counts, presence, composer, canned, mention],
    ...[alerts, notify, idle, card, together, thread, search],
  ]) {
    part.start();
  }
  connect(app().dataset.socket);
}
