import "./sky-admin.js";
