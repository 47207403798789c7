/** The chat of `/loader.js`, which also speaks Smartsupp's page API. */
import { smartsupp } from "./smartsupp_api.js";
import { start } from "./start.js";

start(smartsupp);
