// A scoreboard on a cache channel: the server keeps the channel's last event, so that whoever comes late sees the score at
// once, and nobody needs a database for it.

/** The app's key and the server's address, as the page's own URL names them. */
export function settingsFrom(search) {
  const query = new URLSearchParams(search)
  return {
    key: query.get('key') ?? '',
    host: query.get('host') ?? '127.0.0.1',
    port: Number(query.get('port') ?? 8080),
    tls: query.has('tls'),
    channel: query.get('channel') ?? 'cache-score',
  }
}

/** Calls `show` with the score whenever it changes, and with the connection's state. */
export function follow(Pusher, settings, show) {
  const { key, host, port, tls, channel } = settings
  const pusher = new Pusher(key, {
    cluster: '', // demanded by the library, and without a meaning beside wsHost
    wsHost: host,
    wsPort: port,
    wssPort: port,
    forceTLS: tls,
    enabledTransports: ['ws', 'wss'],
    enableStats: false,
  })
  pusher.connection.bind('state_change', ({ current }) => show({ state: current }))
  pusher.subscribe(channel).bind('scored', (score) => show({ score }))
  return pusher
}

/** Puts what `follow` shows into the page. */
export function render(document, { score, state }) {
  const write = (id, text) => (document.getElementById(id).textContent = text)
  if (state) write('state', state === 'connected' ? 'live' : state)
  if (score) {
    write('match', `${score.home} – ${score.away}`)
    write('score', `${score.goals[0]} : ${score.goals[1]}`)
  }
}
