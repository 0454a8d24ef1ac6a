// Socket.IO: every socket joins one room, and POST /publish broadcasts its body to the room.
// No compression, no polling, no replay for those who reconnect; the request of the handshake is forgotten, as its
// documentation advises to save memory.
import { createServer } from 'node:http';
import { Server } from 'socket.io';
import { bodyOf } from './body.mjs';

const http = createServer(async (request, response) => {
  if (request.method !== 'POST' || request.url !== '/publish') return response.writeHead(404).end();
  io.to('bench').emit('event', String(await bodyOf(request)));
  response.end('{}');
});

const io = new Server(http, { transports: ['websocket'], perMessageDeflate: false, serveClient: false });
io.engine.on('connection', (connection) => {
  connection.request = null;
});
io.on('connection', (socket) => socket.join('bench'));

http.listen({ port: Number(process.env.PORT), host: process.env.HOST, backlog: 4096 });
