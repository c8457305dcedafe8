import "./sky-studio.js";
