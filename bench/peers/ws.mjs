// ws: every socket is in the server's set, and POST /publish sends its body to each.
// No compression. The body stays bytes, so that it is not encoded again for each socket.
import { createServer } from 'node:http';
import { WebSocket, WebSocketServer } from 'ws';
import { bodyOf } from './body.mjs';

const http = createServer(async (request, response) => {
  if (request.method !== 'POST' || request.url !== '/publish') return response.writeHead(404).end();
  const text = await bodyOf(request);
  for (const socket of sockets.clients) {
    if (socket.readyState === WebSocket.OPEN) socket.send(text, { binary: false });
  }
  response.end('{}');
});

const sockets = new WebSocketServer({ server: http, perMessageDeflate: false });

http.listen({ port: Number(process.env.PORT), host: process.env.HOST, backlog: 4096 });
