// uWebSockets.js: every socket subscribes to one topic, and POST /publish publishes its body to the topic.
// No compression. A socket may be 1 MiB behind, as with Hubbub: with the 64 KiB that are usual it would miss events.
import uWS from 'uWebSockets.js';

const app = uWS.App();

app.ws('/*', {
  compression: uWS.DISABLED,
  maxBackpressure: 1024 * 1024,
  open: (socket) => socket.subscribe('bench'),
});

app.post('/publish', (response) => {
  const chunks = [];
  response.onAborted(() => {});
  response.onData((chunk, isLast) => {
    // The memory of a chunk is reused when this returns.
    chunks.push(Buffer.from(chunk.slice(0)));
    if (!isLast) return;
    app.publish('bench', Buffer.concat(chunks), false);
    response.end('{}');
  });
});

app.listen(process.env.HOST, Number(process.env.PORT), (listening) => {
  if (!listening) throw new Error(`port ${process.env.PORT} is taken`);
});
