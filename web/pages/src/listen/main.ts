import "./sky-listen.js";
