/** The chat of `/widget.js`. */
import { start } from "./start.js";

start();
