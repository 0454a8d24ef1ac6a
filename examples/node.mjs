// Another application that uses Hubbub as its Pusher, with the official server SDK: it lets its users into private and
// presence channels, and publishes. Run it with
//
//   npm install pusher
//   HUBBUB_URL=http://KEY:SECRET@127.0.0.1:8080/apps/2 node node.mjs
//
// and then: curl -d '{"order":7}' http://127.0.0.1:3000/orders
import { createServer } from 'node:http'

import Pusher from 'pusher'

const hubbub = Pusher.forURL(process.env.HUBBUB_URL)

/** Who sends the request: here anybody who says so, in a real application whoever the session belongs to. */
const userOf = (request) => request.headers['x-user']

const routes = {
  // pusher-js asks here before it joins a channel: { channelAuthorization: { endpoint: '/pusher/auth' } }.
  'POST /pusher/auth': ({ user, form }) =>
    hubbub.authorizeChannel(form.get('socket_id'), form.get('channel_name'), { user_id: user, user_info: { name: user } }),

  // … and here when it signs in: { userAuthentication: { endpoint: '/pusher/user-auth' } }.
  'POST /pusher/user-auth': ({ user, form }) => hubbub.authenticateUser(form.get('socket_id'), { id: user }),

  // Something happens: everybody on the channel hears of it, but for the socket that caused it.
  'POST /orders': async ({ body, request }) => {
    const socketId = request.headers['x-socket-id']
    await hubbub.trigger('private-orders', 'order-placed', JSON.parse(body), socketId ? { socket_id: socketId } : {})
    return { ok: true }
  },
}

const server = createServer(async (request, response) => {
  let body = ''
  for await (const part of request) body += part
  const route = routes[`${request.method} ${request.url}`]
  const user = userOf(request)
  const isAllowed = request.url === '/orders' || user
  response.statusCode = route ? (isAllowed ? 200 : 403) : 404
  response.setHeader('content-type', 'application/json')
  const answer = route && isAllowed ? await route({ request, body, user, form: new URLSearchParams(body) }) : {}
  response.end(JSON.stringify(answer))
})

server.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}`)
})
