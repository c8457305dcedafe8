// A broadcast server as socket.io's documentation writes one: listeners join the
// room of a channel, and what a publisher emits goes to the room. It prints its port
// once it takes clients.
"use strict";

const { createServer } = require("node:http");
const { Server } = require("socket.io");

const http = createServer();
const io = new Server(http, {
  // Browsers that start with polling end up here as well, after one more round trip.
  transports: ["websocket"],
});

// "Memory usage" of the documentation: nothing here asks for the first request.
io.engine.on("connection", (raw) => {
  raw.request = null;
});

io.on("connection", (socket) => {
  socket.on("join", (channel, joined) => {
    socket.join(channel);
    joined();
  });
  socket.on("publish", (channel, frames) => {
    io.to(channel).emit("frames", frames);
  });
});

http.listen(0, "127.0.0.1", () => {
  console.log(http.address().port);
});
