// Loaded before the servers that stand on uWebSockets.js. The package falls back to JavaScript with a mere warning where
// its native part does not run, and that would be measured as if it were the real one.
const uWS = require('uWebSockets.js');

if (!String(uWS.App).includes('[native code]')) {
  throw new Error(`uWebSockets.js has no native part for Node ${process.version} on this system: use Node 20`);
}
