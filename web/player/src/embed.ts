/**
 * The one script of a page that embeds a player:
 *
 *     <script type="module" src="https://radio.example/embed/skywave-player.js"></script>
 *     <skywave-player channel="jazz"></skywave-player>
 *
 * The relay is where the script came from, where the element does not name another one.
 */
import { SkywavePlayer } from "./element.js";

SkywavePlayer.defaultRelay = new URL(import.meta.url).origin;

export { Player } from "./player.js";
export { SkywavePlayer } from "./element.js";
